using Rnn.Kernels;

namespace Rnn.Tests.Kernels;

/// <summary>
/// The gate passes and the optimizers' updates: every width gives the bits of the scalar twin, whatever the size of the tail.
/// Their formulas are checked against the oracle where they are used, in the cells and the optimizer.
/// </summary>
public sealed class GatesTests
{
    public static MatrixTheoryData<string, int, int> Sizes() => new(
        ["lstm", "lstm backward", "gru", "gru in place", "gru backward", "tanh", "tanh once", "tanh backward", "relu", "relu once", "relu backward", "relu backward from states", "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "rmsprop centered", "adam", "amsgrad"], [1, 3], [1, 4, 15, 16, 17, 33, 65]);

    [Theory]
    [MemberData(nameof(Sizes), DisableDiscoveryEnumeration = true)]
    public void Every_width_gives_the_bits_of_the_scalar_twin(string kernel, int rows, int hidden)
    {
        float[][] Run(Width width)
        {
            // Gates and second moments lie in (0, 1): the values a backward pass and Adam meet.
            float[][] buffers = [.. Enumerable.Range(0, 6).Select(b => Widths.Random(4 * rows * hidden, b, 3))];
            if (kernel.EndsWith("backward", StringComparison.Ordinal)) buffers[0] = [.. buffers[0].Select(v => Math.Abs(v) / 3.01f)];
            buffers[5] = [.. buffers[5].Select(Math.Abs)];
            new Call(kernel, rows, hidden, buffers).Run(width);
            return buffers;
        }

        var scalar = Run(Width.Scalar);
        foreach (var width in new[] { Width.Vector128, Width.Vector256, Width.Vector512 })
        {
            var vector = Run(width);
            for (var b = 0; b < scalar.Length; b++) Widths.AssertSameBits(scalar[b], vector[b], $"{kernel} {width} buffer {b}");
        }
    }

    private sealed record Call(string Kernel, int Rows, int Hidden, float[][] Buffers) : IKernelCall
    {
        public void Run<TLanes, TVector>()
            where TLanes : ILanes<TVector>
            where TVector : struct
        {
            var b = Buffers;
            switch (Kernel)
            {
                case "lstm":
                    LstmGates.Forward<TLanes, TVector>(Rows, Hidden, default, b[0], b[1], b[2], b[3], b[4]);
                    break;
                case "lstm backward":
                    LstmGates.Backward<TLanes, TVector>(Rows, Hidden, b[0], b[2], b[3], b[4]);
                    break;
                case "gru":
                    GruGates.Forward<TLanes, TVector>(Rows, Hidden, default, b[0], b[1], b[2], b[3], b[4]);
                    break;
                case "gru in place":
                    GruGates.Forward<TLanes, TVector>(Rows, Hidden, default, b[0], b[1], b[2], b[2], b[4]);
                    break;
                case "gru backward":
                    GruGates.Backward<TLanes, TVector>(Rows, Hidden, b[0], b[1], b[2], b[3], b[4]);
                    break;
                case "tanh" or "tanh once" or "relu" or "relu once":
                    RnnGates.Forward<TLanes, TVector>(Kernel.StartsWith("relu", StringComparison.Ordinal), Rows, Hidden, default, b[0], b[1], b[2], keepsGates: Kernel is "tanh" or "relu");
                    break;
                case "tanh backward" or "relu backward":
                    RnnGates.Backward<TLanes, TVector>(Kernel == "relu backward", Rows * Hidden, b[0], b[0], b[2]);
                    break;
                case "relu backward from states":
                    RnnGates.Backward<TLanes, TVector>(true, Rows * Hidden, b[1], b[0], b[2]);
                    break;
                case "sgd": Update<SgdRule, TLanes, TVector>(false); break;
                case "momentum" or "nesterov": Update<MomentumRule, TLanes, TVector>(Kernel == "nesterov"); break;
                case "adagrad": Update<AdagradRule, TLanes, TVector>(false); break;
                case "rmsprop" or "rmsprop centered": Update<RmsPropRule, TLanes, TVector>(Kernel == "rmsprop centered"); break;
                case "adam" or "amsgrad": Update<AdamRule, TLanes, TVector>(Kernel == "amsgrad"); break;
                default: throw new ArgumentException($"unknown kernel {Kernel}");
            }
        }

        private void Update<TRule, TLanes, TVector>(bool variant)
            where TRule : IUpdateRule
            where TLanes : ILanes<TVector>
            where TVector : struct =>
            // The buffer of squares comes first for the rules that start with it; large where its mean is taken off.
            UpdateStep.Update<TRule, TLanes, TVector>(Buffers[2], Buffers[3], Kernel.StartsWith("adam", StringComparison.Ordinal) || Kernel == "amsgrad" ? Buffers[4] : Buffers[5], Kernel is "adam" or "amsgrad" ? Buffers[5] : Buffers[4], Buffers[0], new UpdateNumbers
            {
                GradientScale = 0.7f,
                GradientLimit = 1.5f,
                Penalty = 0.02f,
                Decay = 0.99f,
                StepSize = 0.01f,
                Keep1 = 0.9f,
                Take1 = 0.1f,
                Keep2 = 0.999f,
                Take2 = 0.001f,
                RootScale = 1.3f,
                Epsilon = 1e-8f,
                Variant = variant,
                Momentum = 0.5f,
            });
    }
}
