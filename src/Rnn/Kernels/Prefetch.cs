using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Rnn.Kernels;

/// <summary>Asks for the next row of a trace while this one is computed: rows are often whole pages, and hardware does not look ahead into the next page.</summary>
internal static class Prefetch
{
    /// <summary>Column <paramref name="j"/> of each block of <paramref name="hidden"/> floats in the row after the one that begins at <paramref name="row"/>; an address that is no memory is none to the processor either.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Next(ref float row, nint j, nint hidden, int blocks)
    {
        if (!Sse.IsSupported) return;
        for (int i = blocks; i < 2 * blocks; i++) Sse.Prefetch0(Unsafe.AsPointer(ref Unsafe.Add(ref row, (i * hidden) + j)));
    }
}
