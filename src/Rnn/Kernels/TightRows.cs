using System.Diagnostics.CodeAnalysis;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Rnn.Kernels;

/// <summary>
/// The right operand as the product of a single row reads it on a processor where that product waits for memory: in 8 % fewer bytes, without loss.
/// Exponents of weights say little (those of bf16 are what DFloat11 compresses: Zhang et al. 2025). Once the largest is scaled to between 1 and 2, every weight down to 2^-15 has a 7 in the upper
/// half of its exponent; so of eight vectors side by side the last one lies there, in four bits of each of the seven others.
/// To take it out costs instructions, so every third row is left as it is, and so is one with a smaller weight.
/// Layout: groups of 128 columns; of each all rows, of 128 floats or 112.
/// </summary>
internal sealed class TightRows
{
    private const int Lane = 16;
    private const int GroupColumns = 8 * Lane;
    private const int TightColumns = 7 * Lane;
    private const uint Spare = 0x78000000;
    private const uint SpareOfWeights = 0x38000000;

    private static readonly float[] s_zeros = new float[GroupColumns];

    private readonly int _depth;
    private readonly float _unit;
    private readonly bool[] _isTight;
    private readonly int[] _starts;
    private Memory<float> _rows;

    private TightRows(int depth, int groups, float unit) => (_depth, _unit, _isTight, _starts) = (depth, unit, new bool[groups * depth], new int[groups]);

    /// <summary>Columns of all groups.</summary>
    public int Columns => _starts.Length * GroupColumns;

    /// <summary>Memory that it takes.</summary>
    public long SizeInBytes => sizeof(float) * (long)_rows.Length;

    /// <summary>Whether it is faster here: with AVX-512 on AMD's processors, measured on Zen 4, whose second-level cache brings half a vector a cycle. Intel's brings a whole one; there it was not tried.</summary>
    public static bool Pays { get; } = Avx512F.IsSupported && X86Base.CpuId(0, 0).Ebx == BitConverter.ToInt32("Auth"u8);

    /// <summary>The whole groups of columns of a matrix in panels; null where there are none, or where the magnitudes of many weights are too far apart.</summary>
    public static TightRows? Of(ReadOnlySpan<float> panels, int depth, int columns)
    {
        int groups = columns / GroupColumns;
        float largest = Math.Abs(TensorPrimitives.MaxMagnitude(panels));
        if (groups == 0 || largest is not (> 1e-15f and < 1e15f)) return null;
        // A power of two: nothing is rounded.
        var all = new TightRows(depth, groups, MathF.ScaleB(1, MathF.ILogB(largest)));
        return all.Choose(panels) ? all.Fill(panels) : null;
    }

    /// <summary>The columns of all groups of a product as <see cref="RowProduct"/> computes it.</summary>
    public void Multiply(ReadOnlySpan<float> x, ReadOnlySpan<float> bias, Span<float> y, bool fromEnd)
    {
        ref float rows = ref MemoryMarshal.GetReference(_rows.Span);
        ref float factors = ref MemoryMarshal.GetReference(x[.._depth]);
        for (int i = 0; i < _starts.Length; i++)
        {
            int group = fromEnd ? _starts.Length - 1 - i : i;
            ReadOnlySpan<float> addend = bias.IsEmpty ? s_zeros : bias.Slice(group * GroupColumns, GroupColumns);
            Sum(ref Unsafe.Add(ref rows, _starts[group]), ref factors, ref _isTight[group * _depth], _depth, ref MemoryMarshal.GetReference(addend), ref MemoryMarshal.GetReference(y.Slice(group * GroupColumns, GroupColumns)));
        }
    }

    /// <summary>Those of one group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Sum(ref float row, ref float x, ref bool isTight, nint depth, ref float addend, ref float y)
    {
        Vector512<uint> others = Vector512.Create(~Spare), theirs = Vector512.Create(SpareOfWeights);
        Vector512<uint> four = Vector512.Create(Spare), eight = Vector512.Create(0x7F800000u), sixteen = Vector512.Create(0x7FFF8000u);
        Vector512<float> c0 = Vector512<float>.Zero, c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0;
        for (nint k = 0; k < depth; k++)
        {
            Vector512<float> v = Vector512.Create(Unsafe.Add(ref x, k));
            if (!Unsafe.Add(ref isTight, k))
            {
                c0 = Vector512.FusedMultiplyAdd(v, Vector512.LoadUnsafe(ref row, 0 * Lane), c0);
                c1 = Vector512.FusedMultiplyAdd(v, Vector512.LoadUnsafe(ref row, 1 * Lane), c1);
                c2 = Vector512.FusedMultiplyAdd(v, Vector512.LoadUnsafe(ref row, 2 * Lane), c2);
                c3 = Vector512.FusedMultiplyAdd(v, Vector512.LoadUnsafe(ref row, 3 * Lane), c3);
                c4 = Vector512.FusedMultiplyAdd(v, Vector512.LoadUnsafe(ref row, 4 * Lane), c4);
                c5 = Vector512.FusedMultiplyAdd(v, Vector512.LoadUnsafe(ref row, 5 * Lane), c5);
                c6 = Vector512.FusedMultiplyAdd(v, Vector512.LoadUnsafe(ref row, 6 * Lane), c6);
                c7 = Vector512.FusedMultiplyAdd(v, Vector512.LoadUnsafe(ref row, 7 * Lane), c7);
                row = ref Unsafe.Add(ref row, GroupColumns);
                continue;
            }

            Vector512<uint> b0 = Load(ref row, 0), b1 = Load(ref row, 1), b2 = Load(ref row, 2), b3 = Load(ref row, 3), b4 = Load(ref row, 4), b5 = Load(ref row, 5), b6 = Load(ref row, 6);
            // Four bits of each, joined to eight, to sixteen, to 28.
            Vector512<uint> b01 = Join(four, b0, b1, 4), b23 = Join(four, b2, b3, 4), b45 = Join(four, b4, b5, 4);
            Vector512<uint> b7 = Join(sixteen, Join(eight, b01, b23, 8), Join(eight, b45, b6, 8), 16);
            c0 = Vector512.FusedMultiplyAdd(v, Weights(b0, others, theirs), c0);
            c1 = Vector512.FusedMultiplyAdd(v, Weights(b1, others, theirs), c1);
            c2 = Vector512.FusedMultiplyAdd(v, Weights(b2, others, theirs), c2);
            c3 = Vector512.FusedMultiplyAdd(v, Weights(b3, others, theirs), c3);
            c4 = Vector512.FusedMultiplyAdd(v, Weights(b4, others, theirs), c4);
            c5 = Vector512.FusedMultiplyAdd(v, Weights(b5, others, theirs), c5);
            c6 = Vector512.FusedMultiplyAdd(v, Weights(b6, others, theirs), c6);
            c7 = Vector512.FusedMultiplyAdd(v, Weights(Avx512F.RotateRight(b7, 4), others, theirs), c7);
            row = ref Unsafe.Add(ref row, TightColumns);
        }

        Vector512<float> unit = Vector512.Create(_unit);
        Put(c0, unit, ref addend, ref y, 0);
        Put(c1, unit, ref addend, ref y, 1);
        Put(c2, unit, ref addend, ref y, 2);
        Put(c3, unit, ref addend, ref y, 3);
        Put(c4, unit, ref addend, ref y, 4);
        Put(c5, unit, ref addend, ref y, 5);
        Put(c6, unit, ref addend, ref y, 6);
        Put(c7, unit, ref addend, ref y, 7);
    }

    /// <summary>The bits of a row, counted through all groups, scaled.</summary>
    private ReadOnlySpan<uint> Row(ReadOnlySpan<float> panels, int at, Span<float> row)
    {
        int panel = at / _depth * GroupColumns / Panels.Width, k = at % _depth;
        for (int j = 0; j < GroupColumns; j += Panels.Width, panel++) panels.Slice(((panel * _depth) + k) * Panels.Width, Panels.Width).CopyTo(row[j..]);
        TensorPrimitives.Divide(row, _unit, row);
        return MemoryMarshal.Cast<float, uint>(row);
    }

    private static bool HasSpare(ReadOnlySpan<uint> row)
    {
        foreach (uint bits in row)
            if ((bits & Spare) != SpareOfWeights) return false;
        return true;
    }

    /// <summary>Which rows are tight, and room for all; false where so many are not that the processor would often guess wrong which kind comes next.</summary>
    private bool Choose(ReadOnlySpan<float> panels)
    {
        Span<float> row = stackalloc float[GroupColumns];
        int length = 0, wanted = 0, tight = 0;
        for (int at = 0; at < _isTight.Length; at++)
        {
            if (at % _depth == 0) _starts[at / _depth] = length;
            bool isWanted = at % _depth % 3 > 0;
            _isTight[at] = isWanted && HasSpare(Row(panels, at, row));
            wanted += isWanted ? 1 : 0;
            tight += _isTight[at] ? 1 : 0;
            length += _isTight[at] ? TightColumns : GroupColumns;
        }

        _rows = AlignedMemory.Allocate(length);
        return wanted - tight <= wanted / 16;
    }

    private TightRows Fill(ReadOnlySpan<float> panels)
    {
        Span<float> row = stackalloc float[GroupColumns];
        Span<uint> to = MemoryMarshal.Cast<float, uint>(_rows.Span);
        for (int at = 0; at < _isTight.Length; at++)
        {
            ReadOnlySpan<uint> from = Row(panels, at, row);
            if (_isTight[at]) Fold(from, to);
            else from.CopyTo(to);
            to = to[(_isTight[at] ? TightColumns : GroupColumns)..];
        }

        return this;
    }

    private static void Fold(ReadOnlySpan<uint> row, Span<uint> to)
    {
        for (int lane = 0; lane < Lane; lane++)
        {
            // Without its own spare bits, which then are the first.
            uint eighth = uint.RotateLeft(row[TightColumns + lane] & ~Spare, 4);
            for (int at = lane; at < TightColumns; at += Lane, eighth <<= 4) to[at] = (row[at] & ~Spare) | (eighth & Spare);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Load(ref float row, nuint vector) => Vector512.LoadUnsafe(ref row, vector * Lane).AsUInt32();

    /// <summary>Of a what the mask says, of b, turned right, the others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Join(Vector512<uint> ofA, Vector512<uint> a, Vector512<uint> b, [ConstantExpected] byte turn) => Avx512F.TernaryLogic(ofA, a, Avx512F.RotateRight(b, turn), 0xCA);

    /// <summary>The spare bits as weights have them: (bits and others) or theirs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Weights(Vector512<uint> bits, Vector512<uint> others, Vector512<uint> theirs) => Avx512F.TernaryLogic(bits, others, theirs, 0xEA).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(Vector512<float> sum, Vector512<float> unit, ref float addend, ref float y, nuint vector) =>
        Vector512.FusedMultiplyAdd(sum, unit, Vector512.LoadUnsafe(ref addend, vector * Lane)).StoreUnsafe(ref y, vector * Lane);
}
