namespace Rnn.Training;

/// <summary>When a figure counts as better and what happens when none comes: PyTorch's ReduceLROnPlateau.</summary>
public sealed record PlateauConfig
{
    /// <summary>The rate is multiplied by this.</summary>
    public double Factor { get; init; } = 0.5;

    /// <summary>Measurements without improvement that are borne.</summary>
    public int Patience { get; init; } = 2;

    /// <summary>Measurements after a reduction that are not counted.</summary>
    public int Cooldown { get; init; }

    /// <summary>How much better counts as better.</summary>
    public double Threshold { get; init; } = 1e-3;

    /// <summary>Whether the threshold is a share of the best figure.</summary>
    public bool Relative { get; init; } = true;

    /// <summary>Whether more is better.</summary>
    public bool HigherIsBetter { get; init; }

    /// <summary>The rate never falls below this.</summary>
    public double Least { get; init; }
}

/// <summary>A learning rate that falls when measurements stop improving; a value, so that a checkpoint can hold it.</summary>
/// <param name="Rate">The rate now.</param>
/// <param name="Best">The best figure so far; null before the first.</param>
/// <param name="Bad">Measurements since without improvement.</param>
/// <param name="Cooling">Measurements that are not counted yet.</param>
public sealed record Plateau(double Rate, double? Best = null, int Bad = 0, int Cooling = 0)
{
    private const double SmallestChange = 1e-8;

    /// <summary>After one more measurement.</summary>
    public Plateau After(double figure, PlateauConfig config)
    {
        bool better = Best is not { } best || IsBetter(figure, best, config);
        int cooling = Math.Max(0, Cooling - 1);
        int bad = better || Cooling > 0 ? 0 : Bad + 1;
        double rate = Rate;
        if (bad > config.Patience)
        {
            double lower = Math.Max(rate * config.Factor, config.Least);
            if (rate - lower > SmallestChange) rate = lower;
            (bad, cooling) = (0, config.Cooldown);
        }

        return new Plateau(rate, better ? figure : Best, bad, cooling);
    }

    private static bool IsBetter(double figure, double best, PlateauConfig config)
    {
        double sign = config.HigherIsBetter ? 1 : -1;
        double bar = config.Relative ? best * (1 + (sign * config.Threshold)) : best + (sign * config.Threshold);
        return config.HigherIsBetter ? figure > bar : figure < bar;
    }
}
