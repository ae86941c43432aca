using System.Runtime.CompilerServices;

namespace Rnn.Kernels;

/// <summary>Float buffers that start on a cache line, so that no 64-byte vector straddles two.</summary>
public static class AlignedMemory
{
    private const int CacheLine = 64;

    /// <summary>A zeroed buffer of <paramref name="length"/> floats, aligned to 64 bytes and pinned for its lifetime.</summary>
    public static unsafe Memory<float> Allocate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        float[] array = GC.AllocateArray<float>(length + (CacheLine / sizeof(float)), pinned: true);
        nuint address = (nuint)Unsafe.AsPointer(ref array[0]);
        int skip = (int)((CacheLine - (address % CacheLine)) % CacheLine) / sizeof(float);
        return array.AsMemory(skip, length);
    }
}
