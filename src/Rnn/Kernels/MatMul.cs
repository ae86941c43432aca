using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Rnn.Kernels;

/// <summary>
/// Products of row-major matrices with packed ones, single-threaded and without allocation.
/// Layout after Goto &amp; van de Geijn, "Anatomy of high-performance matrix multiplication" (2008): panels of B, register tiles of C.
/// </summary>
public static class MatMul
{
    /// <summary>
    /// <c>C = A·B + bias</c>. A is <c>[rows, B.Depth]</c> contiguous, C is <c>[rows, B.Columns]</c> with rows <paramref name="cStride"/> apart,
    /// bias is <c>[B.Columns]</c> or empty. C may not overlap A.
    /// </summary>
    public static void Multiply(ReadOnlySpan<float> a, int rows, PackedMatrix b, ReadOnlySpan<float> bias, Span<float> c, int cStride)
    {
        Check(a, rows, b, c, cStride);
        if (!bias.IsEmpty && bias.Length != b.Columns) throw new ArgumentException($"bias has {bias.Length} values, expected {b.Columns}.", nameof(bias));
        if (rows == 0) return;
        if (rows == 1) RowProduct.Multiply(a, b, bias, c);
        else if (b.Precision == WeightPrecision.Bf16) Bf16Product.Multiply(a, rows, b, bias, c, cStride);
        else MultiplyPanels(a, rows, b.Panels, b.Depth, b.Columns, bias, c, cStride);
    }

    /// <summary>The same of more than one row with the panels of B.</summary>
    internal static void MultiplyPanels(ReadOnlySpan<float> a, int rows, ReadOnlySpan<float> panels, int depth, int columns, ReadOnlySpan<float> bias, Span<float> c, int cStride)
    {
        if (bias.IsEmpty) RunRows(a, rows, depth, panels, depth, columns, c, cStride, Zeros, 0, 0);
        else RunRows(a, rows, depth, panels, depth, columns, c, cStride, bias, 0, Panels.Width);
    }

    /// <summary><c>C += A·B</c>, or <c>C = A·B</c> where it <paramref name="overwrites"/>; shapes as in <see cref="Multiply"/>.</summary>
    public static void MultiplyAdd(ReadOnlySpan<float> a, int rows, PackedMatrix b, Span<float> c, int cStride, bool overwrites = false)
    {
        if (!overwrites) MultiplyAdd(a, rows, b, c, cStride, c, cStride);
        else MultiplyAdd(a, rows, b, Zeros, 0, c, cStride);
    }

    /// <summary><c>C = A·B + addend</c>, whose rows are <paramref name="addendStride"/> floats apart; 0: a row of zeros for all.</summary>
    internal static void MultiplyAdd(ReadOnlySpan<float> a, int rows, PackedMatrix b, ReadOnlySpan<float> addend, int addendStride, Span<float> c, int cStride)
    {
        Check(a, rows, b, c, cStride);
        if (rows == 1)
        {
            RowProduct.Multiply(a, b, addendStride == 0 ? default : addend[..b.Columns], c);
            return;
        }

        // A panel of a deep B, the table of a large vocabulary, would push everything else out of the caches.
        for (int first = 0; first < b.Depth && rows > 0; first += DeepBlock)
        {
            int block = Math.Min(DeepBlock, b.Depth - first);
            if (first > 0)
            {
                addend = c;
                addendStride = cStride;
            }

            RunRows(a[first..], rows, block, b.Panels[(first * Panels.Width)..], b.Depth, b.Columns, c, cStride, addend, addendStride, addendStride == 0 ? 0 : Panels.Width);
        }
    }

    /// <summary>
    /// <c>C += Aᵀ·B</c> where A is <c>[depth, rows]</c> with rows <paramref name="aStride"/> apart, B <c>[depth, columns]</c> and C <c>[rows, columns]</c> contiguous:
    /// the gradient of a weight, summed over all tokens. <paramref name="scratch"/> is for operands that must be packed (<see cref="ScratchLength"/>).
    /// </summary>
    public static void MultiplyTransposedAdd(ReadOnlySpan<float> a, int rows, int aStride, ReadOnlySpan<float> b, int columns, int depth, Span<float> c, Span<float> scratch) =>
        MultiplyTransposedAdd(a, rows, aStride, depth, new RightOperand(b, columns, c), default, scratch);

    /// <summary>The same in scratch memory of the thread's own.</summary>
    internal static void MultiplyTransposedAdd(ReadOnlySpan<float> a, int rows, int aStride, ReadOnlySpan<float> b, int columns, int depth, Span<float> c) =>
        MultiplyTransposedAdd(a, rows, aStride, b, columns, depth, c, ThreadsOwn(ScratchLength(depth, rows, columns)));

    /// <summary>The same with two right operands, for which A is packed once at most.</summary>
    internal static void MultiplyTransposedAdd(ReadOnlySpan<float> a, int rows, int aStride, int depth, RightOperand b, RightOperand other, Span<float> scratch)
    {
        for (int first = 0; first < depth; first += DepthBlock)
        {
            int block = Math.Min(DepthBlock, depth - first);
            Span<float> panels = StaysInPlace(aStride, b) ? default : b.Pack(first, block, scratch);
            Span<float> otherPanels = StaysInPlace(aStride, other) ? default : other.Pack(first, block, scratch[panels.Length..]);
            Span<float> packedA = scratch[(panels.Length + otherPanels.Length)..];
            // Some rows at a time: all panels of B pass by them, and by their part of C, while they are near.
            for (int row = 0; row < rows; row += RowBlock)
            {
                var tiles = new LeftTiles(Math.Min(RowBlock, rows - row));
                ReadOnlySpan<float> tokens = a[((first * aStride) + row)..];
                if (!panels.IsEmpty || !otherPanels.IsEmpty) tiles.PackColumns(tokens, block, aStride, packedA);
                AddPart(tokens, aStride, packedA, tiles, block, b, first, panels, row);
                AddPart(tokens, aStride, packedA, tiles, block, other, first, otherPanels, row);
            }
        }
    }

    /// <summary>Floats of scratch that <see cref="MultiplyTransposedAdd(ReadOnlySpan{float}, int, int, ReadOnlySpan{float}, int, int, Span{float}, Span{float})"/> needs; <paramref name="otherColumns"/> are those of a second right operand.</summary>
    public static int ScratchLength(int depth, int rows, int columns, int otherColumns = 0)
    {
        int block = Math.Min(depth, DepthBlock);
        return new LeftTiles(Math.Min(rows, RowBlock)).Length(block) + Panels.Length(block, columns, Panels.Width) + Panels.Length(block, otherColumns, Panels.Width);
    }

    /// <summary>Whether a transposed product reads its operands where they lie.</summary>
    private static bool StaysInPlace(int aStride, RightOperand b) => aStride <= NearLeft && b.Columns <= NearRight && MatMulInPlace.ColumnsOf(b.Columns) == b.Columns;

    private static void AddPart(ReadOnlySpan<float> a, int aStride, ReadOnlySpan<float> packedA, LeftTiles tiles, int depth, RightOperand b, int first, ReadOnlySpan<float> panels, int row)
    {
        // Tiles check nothing.
        Span<float> part = b.Sum.Slice(row * b.Columns, tiles.Rows * b.Columns);
        if (panels.IsEmpty) MatMulInPlace.AddTransposed(a, tiles.Rows, aStride, b.From(first), depth, b.Columns, part);
        else Run(packedA, tiles, depth, panels, depth, b.Columns, part, b.Columns, part, b.Columns, Panels.Width);
    }

    /// <summary>Tokens of one partial sum of a weight gradient: where operands are packed, both panels of a tile stay in the first-level cache.</summary>
    private const int DepthBlock = 256;

    /// <summary>Rows of a weight gradient that are summed at a time: their operand leaves half of the second-level cache to B.</summary>
    private const int RowBlock = 20 * LeftTiles.Tallest;

    /// <summary>Floats between the tokens of a transposed operand up to which it needs no packing: farther apart, its values are in too few sets of the cache, and in too many pages.</summary>
    private const int NearLeft = 1024;

    /// <summary>The same of what it is multiplied by, all of which passes by again and again.</summary>
    private const int NearRight = 512;

    /// <summary>Rows of B that a sum runs over before it is added to C.</summary>
    private const int DeepBlock = 512;

    /// <summary>Floats of a left operand that are taken at a time, share a panel of B while it is near, and leave it room in the second-level cache.</summary>
    private const int RowBlockLength = 1 << 18;

    private static readonly float[] Zeros = new float[2 * Panels.Width];

    // Operands packed for the tiles: a thread's products take turns in it. Grows to the deepest one.
    [ThreadStatic]
    private static Memory<float> s_packed;

    private static Span<float> ThreadsOwn(int length)
    {
        if (s_packed.Length < length) s_packed = AlignedMemory.Allocate((int)BitOperations.RoundUpToPowerOf2((uint)length));
        return s_packed.Span[..length];
    }

    private static void Check(ReadOnlySpan<float> a, int rows, PackedMatrix b, Span<float> c, int cStride)
    {
        if (a.Length < (long)rows * b.Depth) throw new ArgumentException($"A has {a.Length} values, expected at least {rows} x {b.Depth}.", nameof(a));
        if (cStride < b.Columns) throw new ArgumentException($"Rows of C are {cStride} apart, expected at least {b.Columns}.", nameof(cStride));
        if (rows > 0 && c.Length < ((long)(rows - 1) * cStride) + b.Columns) throw new ArgumentException($"C has {c.Length} values, too few for {rows} rows of stride {cStride}.", nameof(c));
    }

    /// <summary>The product of row-major rows, <paramref name="panelDepth"/> floats apart, which is also the depth of B's panels; <paramref name="depth"/> of them are multiplied.</summary>
    private static void RunRows(
        ReadOnlySpan<float> a, int rows, int depth, ReadOnlySpan<float> b, int panelDepth, int columns, Span<float> c, int cStride, ReadOnlySpan<float> addend, int addendStride, int addendPanel)
    {
        int block = RowsAtATime(rows, depth);
        for (int row = 0; row < rows; row += block)
        {
            int count = Math.Min(block, rows - row), inPlace = MatMulInPlace.ColumnsOf(columns);
            ReadOnlySpan<float> part = a[(row * panelDepth)..], partAddend = addend[(row * addendStride)..];
            Span<float> partC = c[(row * cStride)..];
            MatMulInPlace.Run(part, count, b, depth, panelDepth, inPlace, partC, cStride, partAddend, addendStride, addendPanel);
            if (inPlace == columns) continue;
            var tiles = new LeftTiles(count);
            Span<float> packed = ThreadsOwn(tiles.Length(depth));
            tiles.PackRows(part, depth, panelDepth, packed);
            Run(packed, tiles, depth, b[(inPlace * panelDepth)..], panelDepth, columns - inPlace, partC[inPlace..], cStride, partAddend[(addendPanel == 0 ? 0 : inPlace)..], addendStride, addendPanel);
        }
    }

    /// <summary>Of blocks of about the same size: B passes by once for each, however low it is.</summary>
    private static int RowsAtATime(int rows, int depth)
    {
        int tiles = (rows + LeftTiles.Tallest - 1) / LeftTiles.Tallest;
        int most = Math.Max(3, RowBlockLength / (depth * LeftTiles.Tallest));
        int blocks = (tiles + most - 1) / most;
        return (tiles + blocks - 1) / blocks * LeftTiles.Tallest;
    }

    private static void Run(
        ReadOnlySpan<float> a, LeftTiles tiles, int depth, ReadOnlySpan<float> b, int panelDepth, int columns, Span<float> c, int cStride, ReadOnlySpan<float> addend, int addendStride, int addendPanel)
    {
        if (Vector512.IsHardwareAccelerated) Run<Lanes512, Vector512<float>>(a, tiles, depth, b, panelDepth, columns, c, cStride, addend, addendStride, addendPanel);
        else if (Vector256.IsHardwareAccelerated) Run<Lanes256, Vector256<float>>(a, tiles, depth, b, panelDepth, columns, c, cStride, addend, addendStride, addendPanel);
        else Run<Lanes128, Vector128<float>>(a, tiles, depth, b, panelDepth, columns, c, cStride, addend, addendStride, addendPanel);
    }

    /// <summary>
    /// The product of packed rows at one vector width; the tests call every width the machine has. Panels of B are <paramref name="panelDepth"/> rows long, of which <paramref name="depth"/> are multiplied.
    /// </summary>
    [SkipLocalsInit]
    internal static void Run<TLanes, TVector>(
        ReadOnlySpan<float> a, LeftTiles tiles, int depth, ReadOnlySpan<float> b, int panelDepth, int columns, Span<float> c, int cStride, ReadOnlySpan<float> addend, int addendStride, int addendPanel)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        Span<float> edge = stackalloc float[LeftTiles.Tallest * Panels.Width];
        for (int first = 0; first < columns; first += Panels.Width)
        {
            ref float panel = ref Unsafe.Add(ref MemoryMarshal.GetReference(b), (nint)first * panelDepth);
            int validColumns = Math.Min(Panels.Width, columns - first);
            int addendColumn = addendPanel == 0 ? 0 : first;
            if (MatMulNarrow.Fits(validColumns))
            {
                MatMulNarrow.Run(a, tiles, depth, ref panel, validColumns, c[first..], cStride, addend[addendColumn..], addendStride);
                continue;
            }

            for (int row = 0, height; row < tiles.Rows; row += height)
            {
                height = tiles.HeightAt(row);
                int validRows = Math.Min(height, tiles.Rows - row);
                ref float tile = ref Unsafe.Add(ref MemoryMarshal.GetReference(a), (nint)row * depth);
                if (validRows == height && validColumns == Panels.Width)
                {
                    var target = new TileTarget(ref c[(row * cStride) + first], cStride, ref Unsafe.AsRef(in addend[(row * addendStride) + addendColumn]), addendStride);
                    RunTile<TLanes, TVector>(ref tile, height, height, ref panel, Panels.Width, depth, row == 0, target);
                    continue;
                }

                for (int i = 0; i < validRows; i++) addend.Slice(((row + i) * addendStride) + addendColumn, validColumns).CopyTo(edge[(i * Panels.Width)..]);
                var inEdge = new TileTarget(ref edge[0], Panels.Width, ref edge[0], Panels.Width);
                // Of a panel that is half empty only the other half is multiplied.
                if (TLanes.Count > Lanes256.Count && validColumns <= 2 * Lanes256.Count) RunTile<Lanes256, Vector256<float>>(ref tile, height, validRows, ref panel, validColumns, depth, row == 0, inEdge);
                else RunTile<TLanes, TVector>(ref tile, height, validRows, ref panel, validColumns, depth, row == 0, inEdge);
                for (int i = 0; i < validRows; i++) edge.Slice(i * Panels.Width, validColumns).CopyTo(c[(((row + i) * cStride) + first)..]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RunTile<TLanes, TVector>(ref float tile, int height, int validRows, ref float panel, int validColumns, int depth, bool isFirst, TileTarget target)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        for (int column = 0; column < validColumns; column += 2 * TLanes.Count)
        {
            ref float part = ref Unsafe.Add(ref panel, column);
            TileTarget right = target.Right(column);
            if (TLanes.HasManyRegisters && height == LeftTiles.Tallest) MatMulTiles.Rows12<TLanes, TVector>(ref tile, ref tile, ref part, depth, isFirst, right);
            else if (TLanes.HasManyRegisters && height == 8) MatMulTiles.Rows8<TLanes, TVector>(ref tile, ref tile, ref part, depth, isFirst, right);
            else for (int row = 0; row < validRows; row += 4) MatMulTiles.Rows4<TLanes, TVector>(ref Unsafe.Add(ref tile, row), height, ref part, depth, right.Down(row));
        }
    }
}
