namespace Rnn.Training;

/// <summary>How a gradient becomes an update.</summary>
public enum OptimizerKind
{
    /// <summary>Plain gradient descent.</summary>
    Sgd,

    /// <summary>Gradient descent with momentum (Polyak 1964).</summary>
    Momentum,

    /// <summary>Momentum that looks ahead (Nesterov 1983).</summary>
    Nesterov,

    /// <summary>RMSprop (Tieleman &amp; Hinton 2012).</summary>
    Rmsprop,

    /// <summary>Adagrad (Duchi et al. 2011).</summary>
    Adagrad,

    /// <summary>Adam (Kingma &amp; Ba 2015), weight decay as an L2 penalty.</summary>
    Adam,

    /// <summary>Adam with decoupled weight decay (Loshchilov &amp; Hutter 2019).</summary>
    Adamw,
}

/// <summary>An optimizer's settings; names and defaults are PyTorch's. The learning rate comes with each update.</summary>
public sealed record OptimizerConfig
{
    /// <summary>Which one.</summary>
    public OptimizerKind Kind { get; init; } = OptimizerKind.Adamw;

    /// <summary>How much of the last step goes on (<see cref="OptimizerKind.Momentum"/>, <see cref="OptimizerKind.Nesterov"/>; RMSprop where it is above 0).</summary>
    public double Momentum { get; init; }

    /// <summary>How much of the gradient does not join the momentum.</summary>
    public double Dampening { get; init; }

    /// <summary>Pull of every weight towards zero: decoupled for <see cref="OptimizerKind.Adamw"/>, else an L2 penalty.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Adam: how much of the mean is kept.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Adam: how much of the squares is kept.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>RMSprop: how much of the squares is kept.</summary>
    public double Alpha { get; init; } = 0.99;

    /// <summary>Keeps a quotient finite; null: 1e-8, Adagrad 1e-10.</summary>
    public double? Epsilon { get; init; }

    /// <summary>RMSprop: whether the mean is taken off the squares.</summary>
    public bool Centered { get; init; }

    /// <summary>Adam: whether the largest squares so far count (Reddi et al. 2018).</summary>
    public bool AmsGrad { get; init; }

    /// <summary>Adagrad: the rate falls as <c>1 / (1 + (t-1) · this)</c>.</summary>
    public double LearningRateDecay { get; init; }

    /// <summary>Adagrad: where the sums of squares start.</summary>
    public double InitialAccumulator { get; init; }
}
