using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Rnn.Kernels;

/// <summary>The sums of a matrix's columns: the gradient of a bias, summed over all tokens.</summary>
internal static class ColumnSums
{
    private const int RowsAtATime = 4;

    /// <summary>Adds the rows of <paramref name="matrix"/> to <paramref name="sums"/>, in their order; no sums, no columns.</summary>
    public static void Add(ReadOnlySpan<float> matrix, Span<float> sums)
    {
        int columns = sums.Length;
        // A few at a time: the sums are loaded and stored less often than the rows. Reading those takes the time, so the runtime's own width is enough.
        for (; columns >= Vector<float>.Count && matrix.Length >= RowsAtATime * columns; matrix = matrix[(RowsAtATime * columns)..])
        {
            ref float row = ref MemoryMarshal.GetReference(matrix);
            ref float sum = ref MemoryMarshal.GetReference(sums);
            int j = 0;
            for (; j <= columns - Vector<float>.Count; j += Vector<float>.Count)
            {
                Vector<float> total = Vector.LoadUnsafe(ref sum, (nuint)j) + Vector.LoadUnsafe(ref row, (nuint)j);
                total += Vector.LoadUnsafe(ref row, (nuint)(columns + j));
                total += Vector.LoadUnsafe(ref row, (nuint)((2 * columns) + j));
                (total + Vector.LoadUnsafe(ref row, (nuint)((3 * columns) + j))).StoreUnsafe(ref sum, (nuint)j);
            }

            for (; j < columns; j++) sums[j] = sums[j] + matrix[j] + matrix[columns + j] + matrix[(2 * columns) + j] + matrix[(3 * columns) + j];
        }

        for (int at = 0; at < matrix.Length && columns > 0; at += columns) TensorPrimitives.Add(sums, matrix.Slice(at, columns), sums);
    }
}
