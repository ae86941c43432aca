using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Rnn.Kernels;

/// <summary>
/// Scores of additive attention (Bahdanau et al. 2015) for one query: <c>score_s = v · tanh(q + k_s)</c>.
/// <c>query</c> and <c>v</c> are <c>[A]</c>, <c>keys</c> <c>[S, A]</c>, <c>scores</c> <c>[S]</c>.
/// </summary>
internal static class AdditiveScores
{
    /// <summary>Overwrites <paramref name="scores"/>.</summary>
    public static void Forward(ReadOnlySpan<float> query, ReadOnlySpan<float> keys, ReadOnlySpan<float> v, Span<float> scores)
    {
        if (Vector512.IsHardwareAccelerated) Forward<Lanes512, Vector512<float>>(query, keys, v, scores);
        else if (Vector256.IsHardwareAccelerated) Forward<Lanes256, Vector256<float>>(query, keys, v, scores);
        else Forward<Lanes128, Vector128<float>>(query, keys, v, scores);
    }

    /// <summary>Adds to <paramref name="dQuery"/>, <paramref name="dKeys"/> and <paramref name="dV"/>; tanh is computed again, not stored.</summary>
    public static void Backward(ReadOnlySpan<float> query, ReadOnlySpan<float> keys, ReadOnlySpan<float> v, ReadOnlySpan<float> dScores, Span<float> dQuery, Span<float> dKeys, Span<float> dV)
    {
        if (Vector512.IsHardwareAccelerated) Backward<Lanes512, Vector512<float>>(query, keys, v, dScores, dQuery, dKeys, dV);
        else if (Vector256.IsHardwareAccelerated) Backward<Lanes256, Vector256<float>>(query, keys, v, dScores, dQuery, dKeys, dV);
        else Backward<Lanes128, Vector128<float>>(query, keys, v, dScores, dQuery, dKeys, dV);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Forward<TLanes, TVector>(ReadOnlySpan<float> query, ReadOnlySpan<float> keys, ReadOnlySpan<float> v, Span<float> scores)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        nint size = query.Length;
        ref float q = ref MemoryMarshal.GetReference(query);
        ref float weight = ref MemoryMarshal.GetReference(v[..query.Length]);
        keys = keys[..(scores.Length * query.Length)];
        Span<float> parts = stackalloc float[16];
        for (int s = 0; s < scores.Length; s++)
        {
            ref float k = ref Unsafe.Add(ref MemoryMarshal.GetReference(keys), s * size);
            TVector sums = TLanes.Create(0);
            nint j = 0;
            for (; j <= size - TLanes.Count; j += TLanes.Count) sums = TLanes.MultiplyAdd(TLanes.Load(ref weight, j), TanhAt<TLanes, TVector>(j, ref q, ref k), sums);
            TLanes.Store(sums, ref parts[0], 0);
            float score = 0;
            foreach (float part in parts[..TLanes.Count]) score += part;
            for (; j < size; j++) score += Unsafe.Add(ref weight, j) * TanhAt<ScalarLanes, float>(j, ref q, ref k);
            scores[s] = score;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Backward<TLanes, TVector>(
        ReadOnlySpan<float> query, ReadOnlySpan<float> keys, ReadOnlySpan<float> v, ReadOnlySpan<float> dScores, Span<float> dQuery, Span<float> dKeys, Span<float> dV)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        nint size = query.Length;
        ref float q = ref MemoryMarshal.GetReference(query);
        ref float weight = ref MemoryMarshal.GetReference(v[..query.Length]);
        ref float dq = ref MemoryMarshal.GetReference(dQuery[..query.Length]);
        ref float dv = ref MemoryMarshal.GetReference(dV[..query.Length]);
        keys = keys[..(dScores.Length * query.Length)];
        dKeys = dKeys[..keys.Length];
        for (int s = 0; s < dScores.Length; s++)
        {
            ref float k = ref Unsafe.Add(ref MemoryMarshal.GetReference(keys), s * size);
            ref float dk = ref Unsafe.Add(ref MemoryMarshal.GetReference(dKeys), s * size);
            nint j = 0;
            for (; j <= size - TLanes.Count; j += TLanes.Count) BackwardAt<TLanes, TVector>(j, dScores[s], ref q, ref k, ref weight, ref dq, ref dk, ref dv);
            for (; j < size; j++) BackwardAt<ScalarLanes, float>(j, dScores[s], ref q, ref k, ref weight, ref dq, ref dk, ref dv);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector TanhAt<TLanes, TVector>(nint j, ref float q, ref float k)
        where TLanes : ILanes<TVector>
        where TVector : struct => Activations.Tanh<TLanes, TVector>(TLanes.Add(TLanes.Load(ref q, j), TLanes.Load(ref k, j)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void BackwardAt<TLanes, TVector>(nint j, float dScore, ref float q, ref float k, ref float weight, ref float dq, ref float dk, ref float dv)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector d = TLanes.Create(dScore);
        TVector tanh = TanhAt<TLanes, TVector>(j, ref q, ref k);
        TLanes.Store(TLanes.MultiplyAdd(d, tanh, TLanes.Load(ref dv, j)), ref dv, j);
        TVector slope = TLanes.Multiply(TLanes.Multiply(d, TLanes.Load(ref weight, j)), TLanes.Subtract(TLanes.Create(1), TLanes.Multiply(tanh, tanh)));
        TLanes.Store(TLanes.Add(TLanes.Load(ref dq, j), slope), ref dq, j);
        TLanes.Store(TLanes.Add(TLanes.Load(ref dk, j), slope), ref dk, j);
    }
}
