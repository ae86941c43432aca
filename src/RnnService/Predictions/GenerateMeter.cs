using System.Diagnostics.Metrics;

namespace RnnService.Predictions;

/// <summary>Counts what is generated.</summary>
internal sealed class GenerateMeter(IMeterFactory meters)
{
    /// <summary>Name of the meter.</summary>
    public const string Name = "RnnService.Generate";

    private readonly Counter<long> _tokens = meters.Create(Name).CreateCounter<long>("rnnservice.generate.tokens", "{token}", "Tokens emitted, those of all texts that a beam compared among them.");

    /// <summary>One token more.</summary>
    public void Emitted() => _tokens.Add(1);
}
