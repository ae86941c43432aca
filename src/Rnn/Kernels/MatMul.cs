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
        var left = Left.RowMajor(depth, rows);
        if (bias.IsEmpty) Run(a, left, panels, depth, columns, c, cStride, Zeros, 0, 0, depth);
        else Run(a, left, panels, depth, columns, c, cStride, bias, 0, Panels.Width, depth);
    }

    /// <summary><c>C += A·B</c>, or <c>C = A·B</c> where it <paramref name="overwrites"/>; shapes as in <see cref="Multiply"/>.</summary>
    public static void MultiplyAdd(ReadOnlySpan<float> a, int rows, PackedMatrix b, Span<float> c, int cStride, bool overwrites = false)
    {
        Check(a, rows, b, c, cStride);
        if (rows == 1)
        {
            RowProduct.Multiply(a, b, overwrites ? default : c[..b.Columns], c);
            return;
        }

        // A panel of a deep B, the table of a large vocabulary, would push everything else out of the caches.
        for (int first = 0; first < b.Depth && rows > 0; first += DeepBlock)
        {
            int block = Math.Min(DeepBlock, b.Depth - first);
            bool isNew = overwrites && first == 0;
            Run(a[first..], Left.RowMajor(b.Depth, rows), b.Panels[(first * Panels.Width)..], block, b.Columns, c, cStride, isNew ? Zeros : c, isNew ? 0 : cStride, isNew ? 0 : Panels.Width, b.Depth);
        }
    }

    /// <summary>
    /// <c>C += Aᵀ·B</c> where A is <c>[depth, rows]</c> and B is <c>[depth, columns]</c>, both row-major with the given strides, C <c>[rows, columns]</c> contiguous:
    /// the gradient of a weight, summed over all tokens. <paramref name="scratch"/> holds operands packed (<see cref="ScratchLength"/>).
    /// </summary>
    public static void MultiplyTransposedAdd(
        ReadOnlySpan<float> a, int rows, int aStride, ReadOnlySpan<float> b, int columns, int bStride, int depth, Span<float> c, Span<float> scratch)
    {
        for (int first = 0; first < depth; first += DepthBlock)
        {
            int block = Math.Min(DepthBlock, depth - first);
            Span<float> packedB = scratch[..Panels.Length(block, columns, Panels.Width)];
            Panels.Pack(b[(first * bStride)..], block, columns, bStride, Panels.Width, packedB);
            // Some rows at a time: all panels of B pass by them, and by their part of C, while they are near.
            for (int row = 0; row < rows; row += RowBlock)
            {
                int count = Math.Min(RowBlock, rows - row);
                Span<float> part = c[(row * columns)..];
                ReadOnlySpan<float> tokens = a[((first * aStride) + row)..];
                var left = new Left(1, aStride, Panels.TileRows, count);
                if (aStride >= FarTokens)
                {
                    Span<float> packedA = scratch.Slice(packedB.Length, Panels.Length(block, count, Panels.TileRows));
                    Panels.Pack(tokens, block, count, aStride, Panels.TileRows, packedA);
                    tokens = packedA;
                    left = Left.Packed(block, count);
                }

                Run(tokens, left, packedB, block, columns, part, columns, part, columns, Panels.Width, block);
            }
        }
    }

    /// <summary>Floats of scratch that <see cref="MultiplyTransposedAdd"/> needs.</summary>
    public static int ScratchLength(int depth, int rows, int columns) =>
        Panels.Length(Math.Min(depth, DepthBlock), Math.Min(rows, RowBlock), Panels.TileRows) + Panels.Length(Math.Min(depth, DepthBlock), columns, Panels.Width);

    /// <summary>Tokens of one partial sum of a weight gradient: both panels of a tile stay in the first-level cache.</summary>
    private const int DepthBlock = 256;

    /// <summary>Rows of a weight gradient that are summed at a time: their operand leaves half of the second-level cache to B.</summary>
    private const int RowBlock = 20 * Panels.TileRows;

    /// <summary>Floats between the tokens of a transposed operand from which on it is packed: farther apart, its values are in too few sets of the cache, and in too many pages.</summary>
    private const int FarTokens = 512;

    /// <summary>Rows of B that a sum runs over before it is added to C.</summary>
    private const int DeepBlock = 512;

    /// <summary>Floats of a left operand that share a panel of B while it is near, and leave it room in the second-level cache.</summary>
    private const int RowBlockLength = 1 << 17;

    /// <summary>Columns of two panels that share a tile.</summary>
    private const int PairWidth = 2 * Panels.Width;

    private static readonly float[] Zeros = new float[PairWidth];

    private static void Check(ReadOnlySpan<float> a, int rows, PackedMatrix b, Span<float> c, int cStride)
    {
        if (a.Length < (long)rows * b.Depth) throw new ArgumentException($"A has {a.Length} values, expected at least {rows} x {b.Depth}.", nameof(a));
        if (cStride < b.Columns) throw new ArgumentException($"Rows of C are {cStride} apart, expected at least {b.Columns}.", nameof(cStride));
        if (rows > 0 && c.Length < ((long)(rows - 1) * cStride) + b.Columns) throw new ArgumentException($"C has {c.Length} values, too few for {rows} rows of stride {cStride}.", nameof(c));
    }

    private static void Run(
        ReadOnlySpan<float> a, Left left, ReadOnlySpan<float> b, int depth, int columns, Span<float> c, int cStride, ReadOnlySpan<float> addend, int addendStride, int addendPanel, int panelDepth)
    {
        if (Vector512.IsHardwareAccelerated) Run<Lanes512, Vector512<float>>(a, left, b, depth, columns, c, cStride, addend, addendStride, addendPanel, panelDepth);
        else if (Vector256.IsHardwareAccelerated) Run<Lanes256, Vector256<float>>(a, left, b, depth, columns, c, cStride, addend, addendStride, addendPanel, panelDepth);
        else Run<Lanes128, Vector128<float>>(a, left, b, depth, columns, c, cStride, addend, addendStride, addendPanel, panelDepth);
    }

    /// <summary>The product at one vector width; the tests call every width the machine has. Panels of B are <paramref name="panelDepth"/> rows apart, of which <paramref name="depth"/> are multiplied.</summary>
    [SkipLocalsInit]
    internal static void Run<TLanes, TVector>(
        ReadOnlySpan<float> a, Left left, ReadOnlySpan<float> b, int depth, int columns, Span<float> c, int cStride, ReadOnlySpan<float> addend, int addendStride, int addendPanel, int panelDepth)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        int block = left.StepStride == 1 ? Math.Max(3, RowBlockLength / (depth * Panels.TileRows)) * Panels.TileRows : left.Rows;
        for (int row = 0; row < left.Rows; row += block)
        {
            Left rows = left with { Rows = Math.Min(block, left.Rows - row) };
            RunBlock<TLanes, TVector>(a[(row * left.RowStride)..], rows, b, depth, columns, c[(row * cStride)..], cStride, addend[(row * addendStride)..], addendStride, addendPanel, panelDepth);
        }
    }

    /// <summary>Rows that share each panel of B while it is near.</summary>
    [SkipLocalsInit]
    private static void RunBlock<TLanes, TVector>(
        ReadOnlySpan<float> a, Left left, ReadOnlySpan<float> b, int depth, int columns, Span<float> c, int cStride, ReadOnlySpan<float> addend, int addendStride, int addendPanel, int panelDepth)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        Span<float> edge = stackalloc float[Panels.TileRows * PairWidth];
        for (int first = 0, width; first < columns; first += width)
        {
            bool isPair = 2 * TLanes.Count == Panels.Width && columns - first > Panels.Width;
            width = isPair ? PairWidth : Panels.Width;
            ref float panel = ref Unsafe.Add(ref MemoryMarshal.GetReference(b), (nint)first * panelDepth);
            nint nextPanel = isPair ? (nint)Panels.Width * panelDepth : 0;
            int validColumns = Math.Min(width, columns - first);
            int addendColumn = addendPanel == 0 ? 0 : first;
            for (int row = 0, step; row < left.Rows; row += step)
            {
                step = isPair ? left.PairStep(row) : left.Step<TLanes, TVector>(row);
                int validRows = Math.Min(step, left.Rows - row);
                ref float tile = ref Unsafe.Add(ref MemoryMarshal.GetReference(a), left.Offset(row));
                if (validRows == step && validColumns == width)
                {
                    var target = new TileTarget(ref c[(row * cStride) + first], cStride, ref Unsafe.AsRef(in addend[(row * addendStride) + addendColumn]), addendStride);
                    RunTile<TLanes, TVector>(ref tile, left, step, step, ref panel, nextPanel, depth, target);
                    continue;
                }

                for (int i = 0; i < validRows; i++) addend.Slice(((row + i) * addendStride) + addendColumn, validColumns).CopyTo(edge[(i * width)..]);
                RunTile<TLanes, TVector>(ref tile, left, step, validRows, ref panel, nextPanel, depth, new TileTarget(ref edge[0], width, ref edge[0], width));
                for (int i = 0; i < validRows; i++) edge.Slice(i * width, validColumns).CopyTo(c[(((row + i) * cStride) + first)..]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RunTile<TLanes, TVector>(ref float tile, Left left, int step, int validRows, ref float panel, nint nextPanel, int depth, TileTarget target)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        if (nextPanel > 0)
        {
            if (step == 6) MatMulPairTiles.Rows6<TLanes, TVector>(ref tile, left.RowStride, left.StepStride, ref panel, nextPanel, depth, target);
            else MatMulPairTiles.Rows4<TLanes, TVector>(ref tile, left.RowStride, left.StepStride, validRows, ref panel, nextPanel, depth, target);
            return;
        }

        for (int column = 0; column < Panels.Width; column += 2 * TLanes.Count)
        {
            ref float part = ref Unsafe.Add(ref panel, column);
            if (step == Panels.TileRows) MatMulTiles.Rows12<TLanes, TVector>(ref tile, left.RowStride, left.StepStride, ref part, depth, target.Right(column));
            else if (step == 8) MatMulTiles.Rows8<TLanes, TVector>(ref tile, left.RowStride, left.StepStride, validRows, ref part, depth, target.Right(column));
            else MatMulTiles.Rows4<TLanes, TVector>(ref tile, left.RowStride, left.StepStride, validRows, ref part, depth, target.Right(column));
        }
    }
}

/// <summary>How the rows of a left operand lie in memory: row-major, its transpose row-major, or packed in panels of <see cref="Panels.TileRows"/>.</summary>
/// <param name="RowStride">Floats from one row to the next inside a panel.</param>
/// <param name="StepStride">Floats from one k to the next.</param>
/// <param name="PanelStride">Floats from one panel's first row to the next one's.</param>
/// <param name="Rows">Valid rows.</param>
internal readonly record struct Left(int RowStride, int StepStride, int PanelStride, int Rows)
{
    /// <summary>Rows of <paramref name="depth"/> values side by side.</summary>
    public static Left RowMajor(int depth, int rows) => new(depth, 1, Panels.TileRows * depth, rows);

    /// <summary>Packed with <see cref="Panels.TileRows"/> rows to a panel.</summary>
    public static Left Packed(int depth, int rows) => new(1, Panels.TileRows, Panels.TileRows * depth, rows);

    /// <summary>Rows of the tile at <paramref name="row"/>: as many accumulators as there are registers for.</summary>
    public int Step<TLanes, TVector>(int row)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        int rest = Rows - row;
        return !TLanes.HasManyRegisters || rest <= 4 ? 4 : rest < Panels.TileRows ? 8 : Panels.TileRows;
    }

    /// <summary>Rows of the tile of two panels at <paramref name="row"/>: six, or four where that leaves fewer over; none reaches into the next panel of rows.</summary>
    public int PairStep(int row)
    {
        int rest = Rows - row;
        return rest is 6 or > 8 || (rest > 6 && row % Panels.TileRows == 6) ? 6 : 4;
    }

    /// <summary>Where the tile that begins at <paramref name="row"/> starts.</summary>
    public nint Offset(int row) => ((nint)(row / Panels.TileRows) * PanelStride) + ((nint)(row % Panels.TileRows) * RowStride);
}
