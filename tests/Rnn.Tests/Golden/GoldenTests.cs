using System.Security.Cryptography;

namespace Rnn.Tests.Golden;

/// <summary>The product against PyTorch's figures, case by case; kinds are found through the manifest.</summary>
[Trait("category", "golden")]
public sealed class GoldenTests
{
    private static readonly GoldenRunner[] s_runners = [.. SafeTensorsGolden.Runners, .. CellGolden.Runners, .. HeadGolden.Runners, .. TrainingGolden.Runners, .. ScheduleGolden.Runners, .. MetricsGolden.Runners, .. ThroughTimeGolden.Runners, .. OneToManyGolden.Runners, .. SequenceToSequenceGolden.Runners];

    private static readonly ILookup<string?, GoldenFolder.Entry> s_byMissing = GoldenFolder.Cases.ToLookup(Missing);

    private static string? Missing(GoldenFolder.Entry entry) =>
        s_runners.FirstOrDefault(r => r.Kind == entry.Kind) is { } runner ? runner.Missing(entry) : "the kind itself";

    public static IEnumerable<TheoryDataRow<string>> Covered() => s_byMissing[null].Select(e => new TheoryDataRow<string>(e.Name));

    [Theory]
    [MemberData(nameof(Covered))]
    public void Agrees(string name)
    {
        var entry = GoldenFolder.Named(name);
        s_runners.Single(r => r.Kind == entry.Kind).Run(entry);
    }

    [Fact]
    public void Kinds_waiting_for_what_is_not_built_yet()
    {
        var waiting = s_byMissing.Where(g => g.Key is not null).SelectMany(g => g, (g, e) => (e.Kind, g.Key))
            .GroupBy(w => w).Select(g => $"{g.Count()} {g.Key.Kind} (needs {g.Key.Key})").Order().ToArray();
        Assert.SkipWhen(waiting.Length > 0, $"{s_byMissing.Where(g => g.Key is not null).Sum(g => g.Count())} of {GoldenFolder.Cases.Count} cases wait: {string.Join("; ", waiting)}");
    }

    [Fact]
    public void The_figures_are_those_of_the_manifest()
    {
        Assert.True(GoldenFolder.Entries.Count > 100);
        foreach (var entry in GoldenFolder.Entries)
            Assert.True(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(GoldenFolder.FileOf(entry.File)))) == entry.Sha256, $"{entry.File} is not the file the manifest names");
    }
}
