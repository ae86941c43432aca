using Rnn.Kernels;

namespace Rnn.Tensors;

/// <summary>A layer that keeps a second copy of its weights in the layout its products read.</summary>
public interface IPackable
{
    /// <summary>Makes the copy; call after every change of the weights. Without <paramref name="training"/> only forward passes work, and another <paramref name="precision"/> is for them alone.</summary>
    void Pack(bool training, WeightPrecision precision = WeightPrecision.Fp32);
}
