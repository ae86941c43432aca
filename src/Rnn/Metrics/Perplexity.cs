namespace Rnn.Metrics;

/// <summary>Figures of a language model from its mean loss in nats per token.</summary>
public static class Perplexity
{
    /// <summary><c>e^loss</c>: as unsure as between so many equally likely tokens.</summary>
    public static double Of(double loss) => Math.Exp(loss);

    /// <summary><c>loss / ln 2</c>.</summary>
    public static double BitsPerToken(double loss) => loss / Math.Log(2);
}
