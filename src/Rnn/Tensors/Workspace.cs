using Rnn.Kernels;

namespace Rnn.Tensors;

/// <summary>
/// Scratch memory for one forward and backward pass: rented in order, all given back at once by <see cref="Reset"/>.
/// After the largest pass has been seen nothing is allocated any more. Belongs to one thread.
/// </summary>
public sealed class Workspace
{
    private const int CacheLine = 16;
    private const int SmallestBlock = 1 << 16;
    private readonly List<Memory<float>> _blocks = [];
    private int _known;
    private int _block;
    private int _used;

    /// <summary>Floats held.</summary>
    public long Capacity => _blocks.Sum(block => (long)block.Length);

    /// <summary>A buffer on a cache line; its content is what the last user left.</summary>
    public Memory<float> Rent(int length)
    {
        // One line more: buffers whose lengths are powers of two would all begin at the same place of a page, where a processor takes a load for one of what was just stored in another.
        int padded = checked(length + (2 * CacheLine) - 1) / CacheLine * CacheLine;
        while (_block < _blocks.Count && _used + padded > _blocks[_block].Length)
        {
            _block++;
            _used = 0;
        }

        if (_block == _blocks.Count) _blocks.Add(AlignedMemory.Allocate(Math.Max(padded, SmallestBlock)));
        Memory<float> rented = _blocks[_block].Slice(_used, length);
        _used += padded;
        return rented;
    }

    /// <summary>A buffer of zeros.</summary>
    public Memory<float> RentZeroed(int length)
    {
        Memory<float> rented = Rent(length);
        rented.Span.Clear();
        return rented;
    }

    /// <summary>How far renting has come.</summary>
    public (int Block, int Used) Mark => (_block, _used);

    /// <summary>Takes back what was rented since a <see cref="Mark"/>.</summary>
    public void BackTo((int Block, int Used) mark) => (_block, _used) = mark;

    /// <summary>Takes everything back. Where a pass needed more than the ones before, all blocks become one; as they are they fit the first pass, and most are like it.</summary>
    public void Reset()
    {
        if (_known > 0 && _blocks.Count > _known)
        {
            int total = (int)Math.Min(Array.MaxLength / 2, Capacity);
            _blocks.Clear();
            _blocks.Add(AlignedMemory.Allocate(total));
        }

        _known = _blocks.Count;
        _block = 0;
        _used = 0;
    }
}
