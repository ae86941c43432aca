using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Rnn.Kernels;

/// <summary>
/// Products that need no left operand packed for <see cref="MatMulTiles"/>: AVX-512 tiles of up to 6 rows by 64 columns, four vectors, load a factor once for four multiply-adds and read it where it lies.
/// Sums run as they do there.
/// </summary>
internal static class MatMulInPlace
{
    private const int Width = 2 * Panels.Width;

    /// <summary>How many of the columns can be multiplied so, the first ones.</summary>
    public static int ColumnsOf(int columns) => Vector512.IsHardwareAccelerated ? columns / Width * Width : 0;

    /// <summary><c>C = A·B + addend</c> with panels <paramref name="panelDepth"/> rows long, of which <paramref name="depth"/> are multiplied, and rows of A as many floats apart; <paramref name="columns"/> are those of <see cref="ColumnsOf"/>.</summary>
    public static void Run(ReadOnlySpan<float> a, int rows, ReadOnlySpan<float> b, int depth, int panelDepth, int columns, Span<float> c, int cStride, ReadOnlySpan<float> addend, int addendStride, int addendPanel)
    {
        for (int first = 0; first < columns; first += Width)
        {
            ref float panel = ref Unsafe.Add(ref MemoryMarshal.GetReference(b), (nint)first * panelDepth);
            var right = new Right(ref panel, (nint)Panels.Width * panelDepth, Panels.Width);
            RunTiles(a, rows, panelDepth, 1, right, depth, c[first..], cStride, addend[(addendPanel == 0 ? 0 : first)..], addendStride);
        }
    }

    /// <summary><c>C += Aᵀ·B</c> with rows of A <paramref name="aStride"/> apart, those of B and C side by side; <paramref name="columns"/> are those of <see cref="ColumnsOf"/>.</summary>
    public static void AddTransposed(ReadOnlySpan<float> a, int rows, int aStride, ReadOnlySpan<float> b, int depth, int columns, Span<float> c)
    {
        // Tiles check nothing.
        a = a[..(((depth - 1) * aStride) + rows)];
        b = b[..(depth * columns)];
        for (int first = 0; first < columns; first += Width)
        {
            var right = new Right(ref Unsafe.Add(ref MemoryMarshal.GetReference(b), first), Panels.Width, columns);
            RunTiles(a, rows, 1, aStride, right, depth, c[first..], columns, c[first..], columns);
        }
    }

    private static void RunTiles(ReadOnlySpan<float> a, int rows, int rowStride, int stepStride, Right b, int depth, Span<float> c, int cStride, ReadOnlySpan<float> addend, int addendStride)
    {
        for (int row = 0, height; row < rows; row += height)
        {
            int rest = rows - row;
            // No single row is left over behind others.
            height = rest <= 6 ? rest : rest <= 8 ? 4 : 6;
            ref float tile = ref Unsafe.Add(ref MemoryMarshal.GetReference(a), (nint)row * rowStride);
            var target = new TileTarget(ref c[row * cStride], cStride, ref Unsafe.AsRef(in addend[row * addendStride]), addendStride);
            switch (height)
            {
                case 1: Tile<One>(ref tile, rowStride, stepStride, b, depth, target); break;
                case 2: Tile<Two>(ref tile, rowStride, stepStride, b, depth, target); break;
                case 3: Tile<Three>(ref tile, rowStride, stepStride, b, depth, target); break;
                case 4: Tile<Four>(ref tile, rowStride, stepStride, b, depth, target); break;
                case 5: Tile<Five>(ref tile, rowStride, stepStride, b, depth, target); break;
                default: Tile<Six>(ref tile, rowStride, stepStride, b, depth, target); break;
            }
        }
    }

    /// <summary>The columns: where the first half of them begins, the floats from there to the second, and from one row of either to the next.</summary>
    private readonly ref struct Right(ref float first, nint toSecond, nint stride)
    {
        public readonly ref float First = ref first;

        public nint ToSecond => toSecond;

        public nint Stride => stride;
    }

    /// <summary>So many rows by all columns; the compiler drops what a lower tile does not have.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile<THeight>(ref float a, nint rowStride, nint stepStride, Right b, int depth, TileTarget target)
        where THeight : struct, ICount
    {
        nint two = 2 * rowStride, three = 3 * rowStride, four = 4 * rowStride, five = 5 * rowStride;
        TileTarget next = target.Right(Panels.Width);
        target.Prefetch<Lanes512, Vector512<float>>(THeight.Value);
        next.Prefetch<Lanes512, Vector512<float>>(THeight.Value);
        ref float first = ref b.First;
        nint step = stepStride * sizeof(float), rightStep = b.Stride * sizeof(float);
        nint second = b.ToSecond, last = second + Lanes512.Count;
        Vector512<float> c00 = Vector512<float>.Zero, c01 = c00, c02 = c00, c03 = c00;
        Vector512<float> c10 = c00, c11 = c00, c12 = c00, c13 = c00;
        Vector512<float> c20 = c00, c21 = c00, c22 = c00, c23 = c00;
        Vector512<float> c30 = c00, c31 = c00, c32 = c00, c33 = c00;
        Vector512<float> c40 = c00, c41 = c00, c42 = c00, c43 = c00;
        Vector512<float> c50 = c00, c51 = c00, c52 = c00, c53 = c00;
        for (nint k = depth; k != 0; k--)
        {
            Vector512<float> b0 = Lanes512.Load(ref first, 0), b1 = Lanes512.Load(ref first, Lanes512.Count), b2 = Lanes512.Load(ref first, second), b3 = Lanes512.Load(ref first, last);
            first = ref Unsafe.AddByteOffset(ref first, rightStep);
            Vector512<float> v0 = Lanes512.Create(a);
            c00 = Lanes512.MultiplyAdd(v0, b0, c00);
            c01 = Lanes512.MultiplyAdd(v0, b1, c01);
            c02 = Lanes512.MultiplyAdd(v0, b2, c02);
            c03 = Lanes512.MultiplyAdd(v0, b3, c03);
            if (THeight.Value > 1)
            {
                Vector512<float> v1 = Lanes512.Create(Unsafe.Add(ref a, rowStride));
                c10 = Lanes512.MultiplyAdd(v1, b0, c10);
                c11 = Lanes512.MultiplyAdd(v1, b1, c11);
                c12 = Lanes512.MultiplyAdd(v1, b2, c12);
                c13 = Lanes512.MultiplyAdd(v1, b3, c13);
            }

            if (THeight.Value > 2)
            {
                Vector512<float> v2 = Lanes512.Create(Unsafe.Add(ref a, two));
                c20 = Lanes512.MultiplyAdd(v2, b0, c20);
                c21 = Lanes512.MultiplyAdd(v2, b1, c21);
                c22 = Lanes512.MultiplyAdd(v2, b2, c22);
                c23 = Lanes512.MultiplyAdd(v2, b3, c23);
            }

            if (THeight.Value > 3)
            {
                Vector512<float> v3 = Lanes512.Create(Unsafe.Add(ref a, three));
                c30 = Lanes512.MultiplyAdd(v3, b0, c30);
                c31 = Lanes512.MultiplyAdd(v3, b1, c31);
                c32 = Lanes512.MultiplyAdd(v3, b2, c32);
                c33 = Lanes512.MultiplyAdd(v3, b3, c33);
            }

            if (THeight.Value > 4)
            {
                Vector512<float> v4 = Lanes512.Create(Unsafe.Add(ref a, four));
                c40 = Lanes512.MultiplyAdd(v4, b0, c40);
                c41 = Lanes512.MultiplyAdd(v4, b1, c41);
                c42 = Lanes512.MultiplyAdd(v4, b2, c42);
                c43 = Lanes512.MultiplyAdd(v4, b3, c43);
            }

            if (THeight.Value > 5)
            {
                Vector512<float> v5 = Lanes512.Create(Unsafe.Add(ref a, five));
                c50 = Lanes512.MultiplyAdd(v5, b0, c50);
                c51 = Lanes512.MultiplyAdd(v5, b1, c51);
                c52 = Lanes512.MultiplyAdd(v5, b2, c52);
                c53 = Lanes512.MultiplyAdd(v5, b3, c53);
            }

            a = ref Unsafe.AddByteOffset(ref a, step);
        }

        Put(0, c00, c01, c02, c03, target, next);
        if (THeight.Value > 1) Put(1, c10, c11, c12, c13, target, next);
        if (THeight.Value > 2) Put(2, c20, c21, c22, c23, target, next);
        if (THeight.Value > 3) Put(3, c30, c31, c32, c33, target, next);
        if (THeight.Value > 4) Put(4, c40, c41, c42, c43, target, next);
        if (THeight.Value > 5) Put(5, c50, c51, c52, c53, target, next);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(int row, Vector512<float> c0, Vector512<float> c1, Vector512<float> c2, Vector512<float> c3, TileTarget target, TileTarget next)
    {
        target.Put<Lanes512, Vector512<float>>(row, c0, c1);
        next.Put<Lanes512, Vector512<float>>(row, c2, c3);
    }
}
