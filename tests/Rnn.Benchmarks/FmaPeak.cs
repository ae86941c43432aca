using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Rnn.Benchmarks;

/// <summary>What one thread can multiply and add at most: sixteen independent accumulators that never leave their registers.</summary>
internal static class FmaPeak
{
    public const int Iterations = 100_000;

    /// <summary>Floating-point operations of one <see cref="Run"/>.</summary>
    public static double Operations => 2.0 * 16 * Iterations * (Vector512.IsHardwareAccelerated ? 16 : Vector256.IsHardwareAccelerated ? 8 : 4);

    /// <summary>Returns the sum, so that nothing can be left out.</summary>
    public static float Run() => Vector512.IsHardwareAccelerated ? Wide() : Vector256.IsHardwareAccelerated ? Middle() : Narrow();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Wide()
    {
        Vector512<float> x = Vector512.Create(0.999f), y = Vector512.Create(1e-3f);
        Vector512<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x, m = x, n = x, o = x, p = x;
        for (var step = 0; step < Iterations; step++)
        {
            a = Vector512.FusedMultiplyAdd(a, x, y); b = Vector512.FusedMultiplyAdd(b, x, y); c = Vector512.FusedMultiplyAdd(c, x, y); d = Vector512.FusedMultiplyAdd(d, x, y);
            e = Vector512.FusedMultiplyAdd(e, x, y); f = Vector512.FusedMultiplyAdd(f, x, y); g = Vector512.FusedMultiplyAdd(g, x, y); h = Vector512.FusedMultiplyAdd(h, x, y);
            i = Vector512.FusedMultiplyAdd(i, x, y); j = Vector512.FusedMultiplyAdd(j, x, y); k = Vector512.FusedMultiplyAdd(k, x, y); l = Vector512.FusedMultiplyAdd(l, x, y);
            m = Vector512.FusedMultiplyAdd(m, x, y); n = Vector512.FusedMultiplyAdd(n, x, y); o = Vector512.FusedMultiplyAdd(o, x, y); p = Vector512.FusedMultiplyAdd(p, x, y);
        }

        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l + m + n + o + p);
    }

    // AVX2 has sixteen registers: eight chains leave room for the constants and still hide the latency.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Middle()
    {
        Vector256<float> x = Vector256.Create(0.999f), y = Vector256.Create(1e-3f);
        Vector256<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x;
        for (var step = 0; step < 2 * Iterations; step++)
        {
            a = Vector256.FusedMultiplyAdd(a, x, y); b = Vector256.FusedMultiplyAdd(b, x, y); c = Vector256.FusedMultiplyAdd(c, x, y); d = Vector256.FusedMultiplyAdd(d, x, y);
            e = Vector256.FusedMultiplyAdd(e, x, y); f = Vector256.FusedMultiplyAdd(f, x, y); g = Vector256.FusedMultiplyAdd(g, x, y); h = Vector256.FusedMultiplyAdd(h, x, y);
        }

        return Vector256.Sum(a + b + c + d + e + f + g + h);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Narrow()
    {
        Vector128<float> x = Vector128.Create(0.999f), y = Vector128.Create(1e-3f);
        Vector128<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x, m = x, n = x, o = x, p = x;
        for (var step = 0; step < Iterations; step++)
        {
            a = Vector128.FusedMultiplyAdd(a, x, y); b = Vector128.FusedMultiplyAdd(b, x, y); c = Vector128.FusedMultiplyAdd(c, x, y); d = Vector128.FusedMultiplyAdd(d, x, y);
            e = Vector128.FusedMultiplyAdd(e, x, y); f = Vector128.FusedMultiplyAdd(f, x, y); g = Vector128.FusedMultiplyAdd(g, x, y); h = Vector128.FusedMultiplyAdd(h, x, y);
            i = Vector128.FusedMultiplyAdd(i, x, y); j = Vector128.FusedMultiplyAdd(j, x, y); k = Vector128.FusedMultiplyAdd(k, x, y); l = Vector128.FusedMultiplyAdd(l, x, y);
            m = Vector128.FusedMultiplyAdd(m, x, y); n = Vector128.FusedMultiplyAdd(n, x, y); o = Vector128.FusedMultiplyAdd(o, x, y); p = Vector128.FusedMultiplyAdd(p, x, y);
        }

        return Vector128.Sum(a + b + c + d + e + f + g + h + i + j + k + l + m + n + o + p);
    }
}
