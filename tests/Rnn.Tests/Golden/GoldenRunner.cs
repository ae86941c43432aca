namespace Rnn.Tests.Golden;

/// <summary>Runs the cases of one kind against the product.</summary>
/// <param name="Kind">As the manifest has it.</param>
/// <param name="Run">Computes and asserts.</param>
/// <param name="Missing">What the case needs and the product does not have yet, or null when it can run.</param>
internal sealed record GoldenRunner(string Kind, Action<GoldenFolder.Entry> Run, Func<GoldenFolder.Entry, string?> Missing)
{
    public static GoldenRunner Of(string kind, Action<GoldenCase> run, Func<GoldenCase, string?>? missing = null) =>
        new(kind, e => run(GoldenCase.Load(e)), e => missing?.Invoke(GoldenCase.Load(e)));
}
