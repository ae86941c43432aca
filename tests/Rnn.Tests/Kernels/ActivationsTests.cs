using System.Runtime.InteropServices;
using Rnn.Kernels;

namespace Rnn.Tests.Kernels;

/// <summary>The stated error bounds, over a million floats of every magnitude and at every width.</summary>
public sealed class ActivationsTests
{
    private static readonly float[] s_everywhere =
        [.. Enumerable.Range(0, 1 << 20).Select(i => BitConverter.UInt32BitsToSingle((uint)i * 4096u + 77)).Where(float.IsFinite)];

    private sealed record Apply(string Function, float[] X, float[] Y) : IKernelCall
    {
        public void Run<TLanes, TVector>()
            where TLanes : ILanes<TVector>
            where TVector : struct
        {
            ref var x = ref MemoryMarshal.GetArrayDataReference(X);
            ref var y = ref MemoryMarshal.GetArrayDataReference(Y);
            for (nint i = 0; i <= X.Length - TLanes.Count; i += TLanes.Count)
            {
                var value = TLanes.Load(ref x, i);
                TLanes.Store(Function switch
                {
                    "exp" => Activations.Exp<TLanes, TVector>(value),
                    "tanh" => Activations.Tanh<TLanes, TVector>(value),
                    _ => Activations.Sigmoid<TLanes, TVector>(value),
                }, ref y, i);
            }
        }
    }

    /// <param name="function">exp, tanh or sigmoid.</param>
    /// <param name="from">Smallest argument the bound is stated for.</param>
    /// <param name="to">Largest argument.</param>
    /// <param name="bound">Maximum relative error.</param>
    /// <param name="width">Vector width.</param>
    [Theory]
    [CombinatorialWidths("exp", -87f, 88f, 2e-7)]
    [CombinatorialWidths("tanh", float.MinValue, float.MaxValue, 4e-7)]
    [CombinatorialWidths("sigmoid", -87f, float.MaxValue, 2e-7)]
    public void Stays_within_its_stated_error(string function, float from, float to, double bound, Width width)
    {
        // A multiple of every width, so that each element goes through the vector path.
        float[] x = [.. s_everywhere.Where(v => v >= from && v <= to), .. Widths.Random(1 << 18, 5, 10)];
        Array.Resize(ref x, x.Length / 16 * 16);
        var y = new float[x.Length];
        new Apply(function, x, y).Run(width);
        var (worst, at) = (0.0, 0f);
        for (var i = 0; i < x.Length; i++)
        {
            var exact = function switch { "exp" => Math.Exp(x[i]), "tanh" => Math.Tanh(x[i]), _ => 1 / (1 + Math.Exp(-(double)x[i])) };
            // Near the smallest floats products round to subnormals: the error counts as if the value were 1e-35.
            var error = Math.Abs(y[i] - exact) / Math.Max(Math.Abs(exact), function == "tanh" ? 1e-35 : 1.2e-38);
            if (!(error <= worst)) (worst, at) = (error, x[i]);
        }

        Assert.True(worst <= bound, $"{function} at {at:R}: relative error {worst:E2}, stated {bound:E1}");
    }

    [Theory]
    [CombinatorialWidths("exp")]
    [CombinatorialWidths("tanh")]
    [CombinatorialWidths("sigmoid")]
    public void Passes_nan_on_and_takes_infinities(string function, Width width)
    {
        var x = Enumerable.Repeat(new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity, 0f }, 4).SelectMany(v => v).ToArray();
        var y = new float[x.Length];
        new Apply(function, x, y).Run(width);
        Assert.True(float.IsNaN(y[0]), $"{function}(NaN) is {y[0]}");
        Assert.True(float.IsFinite(y[1]) && float.IsFinite(y[2]));
        if (function != "exp") Assert.Equal(1, y[1], 1e-6);
        Assert.Equal(function == "tanh" ? -1 : 0, y[2], 1e-6);
        Assert.Equal(function switch { "exp" => 1, "tanh" => 0, _ => 0.5f }, y[3]);
    }

    [Theory]
    [CombinatorialWidths("exp")]
    [CombinatorialWidths("tanh")]
    [CombinatorialWidths("sigmoid")]
    public void Every_width_gives_the_bits_of_the_scalar_twin(string function, Width width)
    {
        var x = s_everywhere[..(s_everywhere.Length / 16 * 16)];
        var (scalar, vector) = (new float[x.Length], new float[x.Length]);
        new Apply(function, x, scalar).Run(Width.Scalar);
        new Apply(function, x, vector).Run(width);
        Widths.AssertSameBits(scalar, vector, function);
    }
}
