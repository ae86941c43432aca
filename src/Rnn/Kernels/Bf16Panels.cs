using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Rnn.Kernels;

/// <summary>
/// Panels (<see cref="Panels"/>) in half the memory: every value rounded to bfloat16, two in the place of one float. A row of a panel is 16 pairs, of columns j (lower half)
/// and j + 16 (upper half), so that one load gives two vectors of any width by a shift and a mask.
/// </summary>
internal static class Bf16Panels
{
    /// <summary>Pairs in a row of a panel, and how far apart the columns of a pair are.</summary>
    public const int Pairs = Panels.Width / 2;

    private const uint Upper = 0xFFFF0000;

    /// <summary>The nearest bfloat16, of two equally near the even one, as a float. NaN stays NaN, and what is beyond the largest is infinite.</summary>
    public static float Round(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        // A NaN may have all its set bits in the half that is cut off.
        return BitConverter.UInt32BitsToSingle(float.IsNaN(value) ? (bits | 0x00400000) & Upper : (bits + 0x7FFF + ((bits >> 16) & 1)) & Upper);
    }

    /// <summary>From panels of fp32, <see cref="Panels.Width"/> wide, to pairs in half as many floats.</summary>
    public static void Narrow(ReadOnlySpan<float> panels, Span<float> pairs)
    {
        Span<uint> to = MemoryMarshal.Cast<float, uint>(pairs);
        for (int i = 0; i < to.Length; i++)
        {
            int column = (i / Pairs * Panels.Width) + (i % Pairs);
            to[i] = (BitConverter.SingleToUInt32Bits(Round(panels[column])) >> 16) | BitConverter.SingleToUInt32Bits(Round(panels[column + Pairs]));
        }
    }

    /// <summary>The reverse of <see cref="Narrow"/>, but for what was rounded away.</summary>
    public static void Widen(ReadOnlySpan<float> pairs, Span<float> panels)
    {
        if (Vector512.IsHardwareAccelerated) Widen<Lanes512, Vector512<float>>(pairs, panels);
        else if (Vector256.IsHardwareAccelerated) Widen<Lanes256, Vector256<float>>(pairs, panels);
        else Widen<Lanes128, Vector128<float>>(pairs, panels);
    }

    /// <summary>The same at one vector width; the tests call every width.</summary>
    internal static void Widen<TLanes, TVector>(ReadOnlySpan<float> pairs, Span<float> panels)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        ref float from = ref MemoryMarshal.GetReference(pairs);
        ref float to = ref MemoryMarshal.GetReference(panels[..(2 * pairs.Length)]);
        for (nint row = 0; row < pairs.Length; row += Pairs)
        {
            for (nint i = row; i < row + Pairs; i += TLanes.Count)
            {
                TVector both = TLanes.Load(ref from, i);
                TLanes.Store(TLanes.LowerBf16(both), ref to, row + i);
                TLanes.Store(TLanes.UpperBf16(both), ref to, row + i + Pairs);
            }
        }
    }
}
