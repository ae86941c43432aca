using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Rnn.Kernels;

/// <summary>
/// The element-wise half of a simple recurrent step (Elman 1990): <c>h' = tanh(in + rec)</c>, or <c>max(0, in + rec)</c> with derivative 0 at 0.
/// All buffers are <c>[rows, H]</c>.
/// </summary>
internal static class RnnGates
{
    /// <summary>
    /// <paramref name="gates"/> holds the input part of the pre-activations on entry, unless <paramref name="input"/> knows better; h' goes to <paramref name="h"/>, and to the gates if <paramref name="keepsGates"/>.
    /// </summary>
    public static void Forward(bool relu, int rows, int hidden, InputRows input, Span<float> gates, ReadOnlySpan<float> recurrent, Span<float> h, bool keepsGates)
    {
        if (Vector512.IsHardwareAccelerated) Forward<Lanes512, Vector512<float>>(relu, rows, hidden, input, gates, recurrent, h, keepsGates);
        else if (Vector256.IsHardwareAccelerated) Forward<Lanes256, Vector256<float>>(relu, rows, hidden, input, gates, recurrent, h, keepsGates);
        else Forward<Lanes128, Vector128<float>>(relu, rows, hidden, input, gates, recurrent, h, keepsGates);
    }

    /// <summary>From h' in <paramref name="activated"/> to the gradient of the pre-activations in <paramref name="gates"/>; nothing of <paramref name="dh"/> passes by.</summary>
    public static void Backward(bool relu, int count, ReadOnlySpan<float> activated, Span<float> gates, ReadOnlySpan<float> dh)
    {
        if (Vector512.IsHardwareAccelerated) Backward<Lanes512, Vector512<float>>(relu, count, activated, gates, dh);
        else if (Vector256.IsHardwareAccelerated) Backward<Lanes256, Vector256<float>>(relu, count, activated, gates, dh);
        else Backward<Lanes128, Vector128<float>>(relu, count, activated, gates, dh);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Forward<TLanes, TVector>(bool relu, int rows, int hidden, InputRows input, Span<float> gates, ReadOnlySpan<float> recurrent, Span<float> h, bool keepsGates)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        for (int row = 0; row < rows; row++)
        {
            nint at = (nint)row * hidden;
            ref float g = ref Unsafe.Add(ref MemoryMarshal.GetReference(gates), at);
            ref float x = ref Unsafe.AsRef(in input.At(row, ref g));
            ref float r = ref Unsafe.Add(ref MemoryMarshal.GetReference(recurrent), at);
            ref float state = ref Unsafe.Add(ref MemoryMarshal.GetReference(h), at);
            nint j = 0;
            for (; j <= hidden - TLanes.Count; j += TLanes.Count)
            {
                if (keepsGates) Prefetch.Next(ref g, j, hidden, 1);
                Prefetch.Next(ref state, j, hidden, 1);
                ForwardAt<TLanes, TVector>(relu, j, ref x, ref g, ref r, ref state, keepsGates);
            }

            for (; j < hidden; j++) ForwardAt<ScalarLanes, float>(relu, j, ref x, ref g, ref r, ref state, keepsGates);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ForwardAt<TLanes, TVector>(bool relu, nint j, ref float input, ref float gates, ref float recurrent, ref float h, bool keepsGates)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector sum = TLanes.Add(TLanes.Load(ref input, j), TLanes.Load(ref recurrent, j));
        TVector value = relu ? TLanes.Max(sum, TLanes.Create(0f)) : Activations.Tanh<TLanes, TVector>(sum);
        if (keepsGates) TLanes.Store(value, ref gates, j);
        TLanes.Store(value, ref h, j);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Backward<TLanes, TVector>(bool relu, int count, ReadOnlySpan<float> activated, Span<float> gates, ReadOnlySpan<float> dh)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        ref float a = ref MemoryMarshal.GetReference(activated);
        ref float g = ref MemoryMarshal.GetReference(gates);
        ref float d = ref MemoryMarshal.GetReference(dh);
        nint j = 0;
        for (; j <= count - TLanes.Count; j += TLanes.Count) BackwardAt<TLanes, TVector>(relu, j, ref a, ref g, ref d);
        for (; j < count; j++) BackwardAt<ScalarLanes, float>(relu, j, ref a, ref g, ref d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void BackwardAt<TLanes, TVector>(bool relu, nint j, ref float activated, ref float gates, ref float dh)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector value = TLanes.Load(ref activated, j);
        TVector slope = relu ? TLanes.IsPositive(value) : TLanes.Subtract(TLanes.Create(1f), TLanes.Multiply(value, value));
        TLanes.Store(TLanes.Multiply(TLanes.Load(ref dh, j), slope), ref gates, j);
    }
}
