using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Rnn.Kernels;

/// <summary>Asks for memory before it is needed, where hardware does not see it coming: it looks ahead within a page only, and rows are often pages.</summary>
internal static class Prefetch
{
    /// <summary>The cache line of <paramref name="at"/>, which may lie beyond a buffer's end: asking for what is not there does nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Line(ref float at)
    {
        if (Sse.IsSupported) Sse.Prefetch0(Unsafe.AsPointer(ref at));
    }

    /// <summary>Column <paramref name="j"/> of each block of <paramref name="hidden"/> floats in the row after the one that begins at <paramref name="row"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Next(ref float row, nint j, nint hidden, int blocks)
    {
        for (int i = blocks; i < 2 * blocks; i++) Line(ref Unsafe.Add(ref row, (i * hidden) + j));
    }
}
