namespace Rnn.Decoding;

/// <summary>How the next token is chosen from the logits. The defaults sample from the network's own distribution.</summary>
public sealed record SamplingConfig
{
    /// <summary>Divides the logits; 0 always takes the largest (greedy).</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Keeps the k most probable tokens (Fan et al. 2018); 0 keeps all.</summary>
    public int TopK { get; init; }

    /// <summary>Keeps the fewest most probable tokens that together reach p (nucleus sampling, Holtzman et al. 2020); 1 keeps all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Divides positive and multiplies negative logits of tokens emitted before (Keskar et al. 2019); 1 does nothing.</summary>
    public double RepetitionPenalty { get; init; } = 1;
}
