using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Rnn.Kernels;

/// <summary>
/// The element-wise half of a GRU step (Cho et al. 2014, in PyTorch's and cuDNN's variant with the reset after the recurrent product), gates in the order r, z, n:
/// <c>n = tanh(in_n + r·rec_n)</c>, <c>h' = (1 - z)·n + z·h</c> with r, z = sigmoid of input part plus recurrent part.
/// <c>gates</c> and <c>recurrent</c> are <c>[rows, 3H]</c>, everything else <c>[rows, H]</c>; both parts already contain their bias.
/// </summary>
internal static class GruGates
{
    /// <summary>
    /// <paramref name="gates"/> receives the activated gates; on entry it holds the input part of the pre-activations, unless <paramref name="input"/> knows better.
    /// <paramref name="h"/> receives h' and may be <paramref name="previousH"/>; the recurrent part of n is kept for <see cref="Backward"/>.
    /// </summary>
    public static void Forward(int rows, int hidden, InputRows input, Span<float> gates, ReadOnlySpan<float> recurrent, ReadOnlySpan<float> previousH, Span<float> h, Span<float> recurrentN)
    {
        if (Vector512.IsHardwareAccelerated) Forward<Lanes512, Vector512<float>>(rows, hidden, input, gates, recurrent, previousH, h, recurrentN);
        else if (Vector256.IsHardwareAccelerated) Forward<Lanes256, Vector256<float>>(rows, hidden, input, gates, recurrent, previousH, h, recurrentN);
        else Forward<Lanes128, Vector128<float>>(rows, hidden, input, gates, recurrent, previousH, h, recurrentN);
    }

    /// <summary>
    /// On entry <paramref name="gates"/> holds the activated gates, on return the gradient of the input part;
    /// <paramref name="dRecurrent"/> receives that of the recurrent part. <paramref name="dh"/> turns from the gradient of h' into its share that passes by the gates to h.
    /// </summary>
    public static void Backward(int rows, int hidden, Span<float> gates, Span<float> dRecurrent, Span<float> dh, ReadOnlySpan<float> previousH, ReadOnlySpan<float> recurrentN)
    {
        if (Vector512.IsHardwareAccelerated) Backward<Lanes512, Vector512<float>>(rows, hidden, gates, dRecurrent, dh, previousH, recurrentN);
        else if (Vector256.IsHardwareAccelerated) Backward<Lanes256, Vector256<float>>(rows, hidden, gates, dRecurrent, dh, previousH, recurrentN);
        else Backward<Lanes128, Vector128<float>>(rows, hidden, gates, dRecurrent, dh, previousH, recurrentN);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Forward<TLanes, TVector>(int rows, int hidden, InputRows input, Span<float> gates, ReadOnlySpan<float> recurrent, ReadOnlySpan<float> previousH, Span<float> h, Span<float> recurrentN)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        for (int row = 0; row < rows; row++)
        {
            nint at = (nint)row * hidden;
            ref float g = ref Unsafe.Add(ref MemoryMarshal.GetReference(gates), 3 * at);
            ref float x = ref Unsafe.AsRef(in input.At(row, ref g));
            ref float r = ref Unsafe.Add(ref MemoryMarshal.GetReference(recurrent), 3 * at);
            ref float hRow = ref Unsafe.Add(ref MemoryMarshal.GetReference(h), at);
            ref float previousRow = ref Unsafe.Add(ref MemoryMarshal.GetReference(previousH), at);
            ref float recurrentRow = ref Unsafe.Add(ref MemoryMarshal.GetReference(recurrentN), at);
            nint j = 0;
            for (; j <= hidden - TLanes.Count; j += TLanes.Count)
            {
                Prefetch.Next(ref g, j, hidden, 3);
                Prefetch.Next(ref hRow, j, hidden, 1);
                Prefetch.Next(ref recurrentRow, j, hidden, 1);
                ForwardAt<TLanes, TVector>(j, hidden, ref x, ref g, ref r, ref previousRow, ref hRow, ref recurrentRow);
            }

            for (; j < hidden; j++) ForwardAt<ScalarLanes, float>(j, hidden, ref x, ref g, ref r, ref previousRow, ref hRow, ref recurrentRow);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ForwardAt<TLanes, TVector>(nint j, nint hidden, ref float input, ref float gates, ref float recurrent, ref float previousH, ref float h, ref float recurrentN)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector r = Activations.Sigmoid<TLanes, TVector>(TLanes.Add(TLanes.Load(ref input, j), TLanes.Load(ref recurrent, j)));
        TVector z = Activations.Sigmoid<TLanes, TVector>(TLanes.Add(TLanes.Load(ref input, j + hidden), TLanes.Load(ref recurrent, j + hidden)));
        TVector rn = TLanes.Load(ref recurrent, j + (2 * hidden));
        TVector n = Activations.Tanh<TLanes, TVector>(TLanes.MultiplyAdd(r, rn, TLanes.Load(ref input, j + (2 * hidden))));
        TVector before = TLanes.Load(ref previousH, j);
        TLanes.Store(r, ref gates, j);
        TLanes.Store(z, ref gates, j + hidden);
        TLanes.Store(n, ref gates, j + (2 * hidden));
        TLanes.Store(rn, ref recurrentN, j);
        TLanes.Store(TLanes.MultiplyAdd(z, TLanes.Subtract(before, n), n), ref h, j);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Backward<TLanes, TVector>(int rows, int hidden, Span<float> gates, Span<float> dRecurrent, Span<float> dh, ReadOnlySpan<float> previousH, ReadOnlySpan<float> recurrentN)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        for (int row = 0; row < rows; row++)
        {
            nint at = (nint)row * hidden;
            ref float g = ref Unsafe.Add(ref MemoryMarshal.GetReference(gates), 3 * at);
            ref float dr = ref Unsafe.Add(ref MemoryMarshal.GetReference(dRecurrent), 3 * at);
            ref float dhRow = ref Unsafe.Add(ref MemoryMarshal.GetReference(dh), at);
            ref float previousRow = ref Unsafe.Add(ref MemoryMarshal.GetReference(previousH), at);
            ref float recurrentRow = ref Unsafe.Add(ref MemoryMarshal.GetReference(recurrentN), at);
            nint j = 0;
            for (; j <= hidden - TLanes.Count; j += TLanes.Count)
            {
                Prefetch.Next(ref g, j, hidden, 3);
                Prefetch.Next(ref previousRow, j, hidden, 1);
                Prefetch.Next(ref recurrentRow, j, hidden, 1);
                BackwardAt<TLanes, TVector>(j, hidden, ref g, ref dr, ref dhRow, ref previousRow, ref recurrentRow);
            }

            for (; j < hidden; j++) BackwardAt<ScalarLanes, float>(j, hidden, ref g, ref dr, ref dhRow, ref previousRow, ref recurrentRow);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void BackwardAt<TLanes, TVector>(nint j, nint hidden, ref float gates, ref float dRecurrent, ref float dh, ref float previousH, ref float recurrentN)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector one = TLanes.Create(1f);
        TVector r = TLanes.Load(ref gates, j);
        TVector z = TLanes.Load(ref gates, j + hidden);
        TVector n = TLanes.Load(ref gates, j + (2 * hidden));
        TVector dhj = TLanes.Load(ref dh, j);
        TVector keep = TLanes.Subtract(one, z);
        TVector dn = TLanes.Multiply(TLanes.Multiply(dhj, keep), TLanes.Subtract(one, TLanes.Multiply(n, n)));
        TVector dz = TLanes.Multiply(TLanes.Multiply(dhj, TLanes.Subtract(TLanes.Load(ref previousH, j), n)), TLanes.Multiply(z, keep));
        TVector dr = TLanes.Multiply(TLanes.Multiply(dn, TLanes.Load(ref recurrentN, j)), TLanes.Multiply(r, TLanes.Subtract(one, r)));
        TLanes.Store(dr, ref gates, j);
        TLanes.Store(dz, ref gates, j + hidden);
        TLanes.Store(dn, ref gates, j + (2 * hidden));
        TLanes.Store(dr, ref dRecurrent, j);
        TLanes.Store(dz, ref dRecurrent, j + hidden);
        TLanes.Store(TLanes.Multiply(dn, r), ref dRecurrent, j + (2 * hidden));
        TLanes.Store(TLanes.Multiply(dhj, z), ref dh, j);
    }
}
