using System.Text.Json;
using Rnn.Data;
using Rnn.Metrics;
using Rnn.Training;

namespace Rnn.Tests.Golden;

/// <summary>Accuracy and F1, perplexity, BLEU, error rates.</summary>
internal static class MetricsGolden
{
    public static IEnumerable<GoldenRunner> Runners =>
    [
        GoldenRunner.Of("metric_classification", Classification),
        GoldenRunner.Of("metric_perplexity", PerplexityCase),
        GoldenRunner.Of("metric_bleu", BleuCase),
        GoldenRunner.Of("metric_cer", ErrorRates),
    ];

    /// <summary>Every expected key must be among those computed.</summary>
    private static void Matches(GoldenCase golden, Dictionary<string, double[]> got, Dictionary<string, int[]> discrete)
    {
        var (relative, absolute) = golden.Tolerance("expected");
        foreach (var expected in golden.Expected.EnumerateObject().Where(e => e.Name != "discrete"))
            GoldenResult.AssertClose($"{golden.Name} {expected.Name}", Flat(expected.Value), got[expected.Name], relative, absolute);
        foreach (var expected in golden.Expected.GetProperty("discrete").EnumerateObject())
            Assert.Equal(Flat(expected.Value), discrete[expected.Name].Select(v => (double)v));
    }

    private static double[] Flat(JsonElement json) => json.ValueKind == JsonValueKind.Array ? [.. json.EnumerateArray().SelectMany(Flat)] : [json.GetDouble()];

    private static string[] Texts(GoldenCase golden, string setting) => [.. golden.Setting(setting).EnumerateArray().Select(t => t.GetString()!)];

    private static int[] Ints(GoldenCase golden, string setting) => [.. golden.Setting(setting).EnumerateArray().Select(t => t.GetInt32())];

    private static void Classification(GoldenCase golden)
    {
        var matrix = new ConfusionMatrix(golden.Int("num_classes", 0));
        foreach (var (actual, predicted) in Ints(golden, "y_true").Zip(Ints(golden, "y_pred"))) matrix.Add(actual, predicted);
        int[] classes = [.. Enumerable.Range(0, matrix.Classes)];
        Matches(golden, new()
        {
            ["accuracy"] = [matrix.Accuracy],
            ["micro_f1"] = [matrix.Accuracy],
            ["macro_f1"] = [matrix.MacroF1],
            ["weighted_f1"] = [matrix.WeightedF1],
            ["precision"] = [.. classes.Select(matrix.Precision)],
            ["recall"] = [.. classes.Select(matrix.Recall)],
            ["f1"] = [.. classes.Select(matrix.F1)],
        }, new()
        {
            ["confusion"] = [.. classes.SelectMany(a => classes.Select(p => (int)matrix[a, p]))],
            ["support"] = [.. classes.Select(c => (int)matrix.Support(c))],
        });
    }

    private static void PerplexityCase(GoldenCase golden)
    {
        var logits = golden.Inputs["logits"];
        var targets = golden.Inputs["target"].Ints.Select(t => t == golden.Int("ignore_index", -100) ? ExampleSet.NoTarget : t).ToArray();
        var score = Evaluation.OfLogits(logits.Floats, targets, logits.Shape[1]);
        new GoldenResult
        {
            Outputs = { ["mean_nll"] = [score.Loss], ["perplexity"] = [score.Perplexity], ["bits_per_token"] = [score.BitsPerTarget], ["token_accuracy"] = [score.Accuracy] },
        }.AssertMatches(golden);
    }

    private static void BleuCase(GoldenCase golden)
    {
        var references = golden.Setting("references").EnumerateArray().Select(r => (IReadOnlyList<IReadOnlyList<string>>)[.. r.EnumerateArray().Select(t => t.GetString()!.Split(' '))]);
        var score = Bleu.Score(Texts(golden, "hypotheses").Select(t => (IReadOnlyList<string>)t.Split(' ')).Zip(references));
        Matches(golden, new() { ["precisions"] = [.. score.Precisions], ["brevity_penalty"] = [score.BrevityPenalty], ["bleu"] = [score.Bleu] }, new()
        {
            ["matches"] = [.. score.Matches],
            ["totals"] = [.. score.Totals],
            ["hyp_len"] = [score.HypothesisLength],
            ["ref_len"] = [score.ReferenceLength],
        });
    }

    private static void ErrorRates(GoldenCase golden)
    {
        (string Reference, string Hypothesis)[] corpus = [.. Texts(golden, "references").Zip(Texts(golden, "hypotheses"))];
        Matches(golden, new() { ["cer"] = [EditDistance.CharacterErrorRate(corpus)], ["wer"] = [EditDistance.WordErrorRate(corpus)] }, new()
        {
            ["char_edits"] = [.. corpus.Select(c => EditDistance.Between<int>(EditDistance.CodePoints(c.Reference), EditDistance.CodePoints(c.Hypothesis)))],
            ["char_ref_len"] = [.. corpus.Select(c => EditDistance.CodePoints(c.Reference).Length)],
            ["word_edits"] = [.. corpus.Select(c => EditDistance.Between<string>(EditDistance.Words(c.Reference), EditDistance.Words(c.Hypothesis)))],
            ["word_ref_len"] = [.. corpus.Select(c => EditDistance.Words(c.Reference).Length)],
        });
    }
}
