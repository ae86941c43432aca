using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Rnn.Kernels;

/// <summary>
/// The element-wise half of an LSTM step (Hochreiter &amp; Schmidhuber 1997, forget gate of Gers et al. 2000), gates in PyTorch's order i, f, g, o:
/// <c>c' = f·c + i·g</c>, <c>h' = o·tanh(c')</c> with i, f, o = sigmoid and g = tanh of input part plus recurrent part.
/// All buffers are row-major; <c>gates</c> and <c>recurrent</c> are <c>[rows, 4H]</c>, everything else <c>[rows, H]</c>.
/// </summary>
internal static class LstmGates
{
    /// <summary>
    /// <paramref name="gates"/> receives the activated gates; on entry it holds the input part of the pre-activations, unless <paramref name="input"/> knows better.
    /// <paramref name="c"/> and <paramref name="h"/> are advanced; the old c is kept for <see cref="Backward"/>.
    /// </summary>
    public static void Forward(int rows, int hidden, InputRows input, Span<float> gates, ReadOnlySpan<float> recurrent, Span<float> c, Span<float> h, Span<float> previousC)
    {
        if (Vector512.IsHardwareAccelerated) Forward<Lanes512, Vector512<float>>(rows, hidden, input, gates, recurrent, c, h, previousC);
        else if (Vector256.IsHardwareAccelerated) Forward<Lanes256, Vector256<float>>(rows, hidden, input, gates, recurrent, c, h, previousC);
        else Forward<Lanes128, Vector128<float>>(rows, hidden, input, gates, recurrent, c, h, previousC);
    }

    /// <summary>
    /// On entry <paramref name="gates"/> holds the activated gates, on return the gradient of their pre-activations.
    /// <paramref name="dh"/> is the whole gradient of h', of which nothing passes by the gates; <paramref name="dc"/> turns from the gradient of c' into that of c.
    /// </summary>
    public static void Backward(int rows, int hidden, Span<float> gates, ReadOnlySpan<float> dh, Span<float> dc, ReadOnlySpan<float> previousC)
    {
        if (Vector512.IsHardwareAccelerated) Backward<Lanes512, Vector512<float>>(rows, hidden, gates, dh, dc, previousC);
        else if (Vector256.IsHardwareAccelerated) Backward<Lanes256, Vector256<float>>(rows, hidden, gates, dh, dc, previousC);
        else Backward<Lanes128, Vector128<float>>(rows, hidden, gates, dh, dc, previousC);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Forward<TLanes, TVector>(int rows, int hidden, InputRows input, Span<float> gates, ReadOnlySpan<float> recurrent, Span<float> c, Span<float> h, Span<float> previousC)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        for (int row = 0; row < rows; row++)
        {
            nint at = (nint)row * hidden;
            ref float g = ref Unsafe.Add(ref MemoryMarshal.GetReference(gates), 4 * at);
            ref float x = ref Unsafe.AsRef(in input.At(row, ref g));
            ref float r = ref Unsafe.Add(ref MemoryMarshal.GetReference(recurrent), 4 * at);
            ref float cRow = ref Unsafe.Add(ref MemoryMarshal.GetReference(c), at);
            ref float hRow = ref Unsafe.Add(ref MemoryMarshal.GetReference(h), at);
            ref float previousRow = ref Unsafe.Add(ref MemoryMarshal.GetReference(previousC), at);
            nint j = 0;
            for (; j <= hidden - TLanes.Count; j += TLanes.Count)
            {
                Prefetch.Next(ref g, j, hidden, 4);
                Prefetch.Next(ref previousRow, j, hidden, 1);
                Prefetch.Next(ref hRow, j, hidden, 1);
                ForwardAt<TLanes, TVector>(j, hidden, ref x, ref g, ref r, ref cRow, ref hRow, ref previousRow);
            }

            for (; j < hidden; j++) ForwardAt<ScalarLanes, float>(j, hidden, ref x, ref g, ref r, ref cRow, ref hRow, ref previousRow);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ForwardAt<TLanes, TVector>(nint j, nint hidden, ref float input, ref float gates, ref float recurrent, ref float c, ref float h, ref float previousC)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector i = Activations.Sigmoid<TLanes, TVector>(TLanes.Add(TLanes.Load(ref input, j), TLanes.Load(ref recurrent, j)));
        TVector f = Activations.Sigmoid<TLanes, TVector>(TLanes.Add(TLanes.Load(ref input, j + hidden), TLanes.Load(ref recurrent, j + hidden)));
        TVector g = Activations.Tanh<TLanes, TVector>(TLanes.Add(TLanes.Load(ref input, j + (2 * hidden)), TLanes.Load(ref recurrent, j + (2 * hidden))));
        TVector o = Activations.Sigmoid<TLanes, TVector>(TLanes.Add(TLanes.Load(ref input, j + (3 * hidden)), TLanes.Load(ref recurrent, j + (3 * hidden))));
        TVector before = TLanes.Load(ref c, j);
        TVector after = TLanes.MultiplyAdd(f, before, TLanes.Multiply(i, g));
        TVector tanh = Activations.Tanh<TLanes, TVector>(after);
        TLanes.Store(i, ref gates, j);
        TLanes.Store(f, ref gates, j + hidden);
        TLanes.Store(g, ref gates, j + (2 * hidden));
        TLanes.Store(o, ref gates, j + (3 * hidden));
        TLanes.Store(before, ref previousC, j);
        TLanes.Store(after, ref c, j);
        TLanes.Store(TLanes.Multiply(o, tanh), ref h, j);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Backward<TLanes, TVector>(int rows, int hidden, Span<float> gates, ReadOnlySpan<float> dh, Span<float> dc, ReadOnlySpan<float> previousC)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        for (int row = 0; row < rows; row++)
        {
            nint at = (nint)row * hidden;
            ref float g = ref Unsafe.Add(ref MemoryMarshal.GetReference(gates), 4 * at);
            ref float dhRow = ref Unsafe.Add(ref MemoryMarshal.GetReference(dh), at);
            ref float dcRow = ref Unsafe.Add(ref MemoryMarshal.GetReference(dc), at);
            ref float previousRow = ref Unsafe.Add(ref MemoryMarshal.GetReference(previousC), at);
            nint j = 0;
            for (; j <= hidden - TLanes.Count; j += TLanes.Count)
            {
                Prefetch.Next(ref g, j, hidden, 4);
                Prefetch.Next(ref previousRow, j, hidden, 1);
                BackwardAt<TLanes, TVector>(j, hidden, ref g, ref dhRow, ref dcRow, ref previousRow);
            }

            for (; j < hidden; j++) BackwardAt<ScalarLanes, float>(j, hidden, ref g, ref dhRow, ref dcRow, ref previousRow);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void BackwardAt<TLanes, TVector>(nint j, nint hidden, ref float gates, ref float dh, ref float dc, ref float previousC)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector one = TLanes.Create(1f);
        TVector i = TLanes.Load(ref gates, j);
        TVector f = TLanes.Load(ref gates, j + hidden);
        TVector g = TLanes.Load(ref gates, j + (2 * hidden));
        TVector o = TLanes.Load(ref gates, j + (3 * hidden));
        TVector before = TLanes.Load(ref previousC, j);
        // Made again as it was: cheaper than a trace of it.
        TVector tanh = Activations.Tanh<TLanes, TVector>(TLanes.MultiplyAdd(f, before, TLanes.Multiply(i, g)));
        TVector dhj = TLanes.Load(ref dh, j);
        TVector dcj = TLanes.Add(TLanes.Load(ref dc, j), TLanes.Multiply(TLanes.Multiply(dhj, o), TLanes.Subtract(one, TLanes.Multiply(tanh, tanh))));
        TLanes.Store(TLanes.Multiply(TLanes.Multiply(dcj, g), TLanes.Multiply(i, TLanes.Subtract(one, i))), ref gates, j);
        TLanes.Store(TLanes.Multiply(TLanes.Multiply(dcj, before), TLanes.Multiply(f, TLanes.Subtract(one, f))), ref gates, j + hidden);
        TLanes.Store(TLanes.Multiply(TLanes.Multiply(dcj, i), TLanes.Subtract(one, TLanes.Multiply(g, g))), ref gates, j + (2 * hidden));
        TLanes.Store(TLanes.Multiply(TLanes.Multiply(dhj, tanh), TLanes.Multiply(o, TLanes.Subtract(one, o))), ref gates, j + (3 * hidden));
        TLanes.Store(TLanes.Multiply(dcj, f), ref dc, j);
    }
}
