using System.Text.Json;
using RnnService.Tests.Datasets;
using RnnService.TrainingJobs;

namespace RnnService.Tests.TrainingJobs;

/// <summary>What a job says of its trivial competitor, over HTTP.</summary>
public sealed class BaselineTests(TinyTasksFixture fixture) : IClassFixture<TinyTasksFixture>
{
    private HttpClient Client => fixture.Client;

    /// <summary>The label of a step is what came before it: one frame, or one token, cannot tell.</summary>
    [Theory]
    [InlineData("signals", "softmax_regression", "majority_class")]
    [InlineData("tags", "most_frequent_tag", "majority_class")]
    public async Task A_model_that_uses_the_order_beats_what_does_not_and_nobody_is_warned(string dataset, params string[] names)
    {
        var id = await Client.StartJobAsync(TinyTasks.Job(dataset, fixture.NextModel(), more: $"\"test_dataset\":\"{dataset}\""));
        var job = await Client.EndAsync(id);

        var baseline = job.GetProperty("baseline");
        Assert.Contains(baseline.Text("name"), names);
        Assert.Equal(("accuracy", "test", true), (baseline.Text("metric"), baseline.Text("split"), baseline.GetProperty("model_beats_baseline").GetBoolean()));
        Assert.InRange(baseline.GetProperty("value").GetDouble(), 0.2, 0.8);
        Assert.Equal(job.GetProperty("metrics").GetProperty("test").GetProperty("accuracy").GetDouble(), baseline.GetProperty("model").GetProperty("value").GetDouble());
        Assert.Equal(1, baseline.GetProperty("model").GetProperty("wins").GetDouble());
        AssertAround(baseline);
        AssertAround(baseline.GetProperty("model"));
        Assert.Empty(Beaten(job));
        Assert.DoesNotContain(await Client.EventsAsync(id), happened => happened.Kind == "warning" && happened.Data.Text("message").Contains("beat", StringComparison.Ordinal));
        // Metrics and versions show what the model is worth, the job with what it competes.
        Assert.False(job.GetProperty("metrics").TryGetProperty("baseline", out _));
    }

    [Fact]
    public async Task Labels_without_a_rule_end_in_a_warning_with_both_figures()
    {
        var random = new Random(1);
        string rows(int count) => "text,label\n" + string.Concat(Enumerable.Range(0, count).Select(_ => $"{string.Join(' ', Enumerable.Range(0, 5).Select(_ => $"w{random.Next(30)}"))},{(random.Next(2) == 0 ? "heads" : "tails")}\n"));
        await Client.UploadAsync("coins", rows(300), "coins.csv", "sequence_classification");
        await Client.UploadAsync("coins-test", rows(200), "coins-test.csv", "sequence_classification");

        var id = await Client.StartJobAsync(TinyTasks.Job("coins", fixture.NextModel(), more: "\"test_dataset\":\"coins-test\""));
        var job = await Client.EndAsync(id);

        var baseline = job.GetProperty("baseline");
        Assert.True(baseline.Text("name") is "naive_bayes" or "majority_class", baseline.ToString());
        Assert.InRange(baseline.GetProperty("majority").GetProperty("accuracy").GetDouble(), 0.4, 0.6);
        Assert.False(baseline.GetProperty("model_beats_baseline").GetBoolean());
        var warning = Assert.Single(Beaten(job));
        Assert.Contains(baseline.Text("name"), warning, StringComparison.Ordinal);
        Assert.Contains($"accuracy {Figure(baseline.GetProperty("model"))} against {Figure(baseline)} on the test rows", warning, StringComparison.Ordinal);
        Assert.Single(await Client.EventsAsync(id), happened => happened.Kind == "warning" && happened.Data.Text("message") == warning);
    }

    [Theory]
    [InlineData("vectors", "softmax_regression", "accuracy")]
    [InlineData("texts", "naive_bayes", "accuracy")]
    [InlineData("tokens", "naive_bayes", "accuracy")]
    [InlineData("frames", "softmax_regression", "accuracy")]
    [InlineData("captions", "nearest_source", "bleu")]
    [InlineData("translations", "nearest_source", "bleu")]
    [InlineData("story", "ngram_model", "loss")]
    [InlineData("stories", "ngram_model", "loss")]
    public async Task Every_task_has_its_competitor_measured_like_the_model(string dataset, string name, string metric)
    {
        var job = await Client.EndAsync(await Client.StartJobAsync(TinyTasks.Job(dataset, fixture.NextModel(), training: """ "epochs":2 """)));

        // Without a test dataset the validation rows judge.
        var baseline = job.GetProperty("baseline");
        Assert.Equal((name, metric, "validation"), (baseline.Text("name"), baseline.Text("metric"), baseline.Text("split")));
        Assert.Equal(job.GetProperty("metrics").GetProperty("validation").GetProperty(metric).GetDouble(), baseline.GetProperty("model").GetProperty("value").GetDouble(), 1e-9);
        // These tasks need no memory: after two epochs nothing is ahead of what knows the answer.
        Assert.InRange(baseline.GetProperty("value").GetDouble(), metric == "loss" ? 0 : 0.9, metric == "loss" ? 0.6 : 1);
        Assert.Equal(metric == "accuracy", baseline.TryGetProperty("majority", out _));
        Assert.Equal(baseline.GetProperty("model_beats_baseline").GetBoolean() ? 0 : 1, Beaten(job).Count());
    }

    [Fact]
    public async Task The_competitor_is_there_while_the_job_runs_and_the_comparison_when_it_is_cancelled_with_a_version()
    {
        var id = await Client.StartJobAsync(TinyTasks.Job("signals", fixture.NextModel(), training: """ "epochs":10000,"early_stopping_patience":0 """));
        var running = await Client.WaitAsync(id, job => job.GetProperty("baseline").ValueKind != JsonValueKind.Null);
        Assert.Equal(JsonValueKind.Null, running.GetProperty("baseline").GetProperty("model").ValueKind);
        Assert.Equal(JsonValueKind.Null, running.GetProperty("baseline").GetProperty("model_beats_baseline").ValueKind);
        await Client.WaitAsync(id, job => job.GetProperty("metrics").TryGetProperty("validation", out _));
        await Client.CancelAsync(id);

        var cancelled = await Client.JobAsync(id);
        Assert.Equal(JsonValueKind.Object, cancelled.GetProperty("result").ValueKind);
        Assert.Equal(running.GetProperty("baseline").GetProperty("value").ToString(), cancelled.GetProperty("baseline").GetProperty("value").ToString());
        Assert.Equal(cancelled.GetProperty("metrics").GetProperty("validation").GetProperty("accuracy").GetDouble(), cancelled.GetProperty("baseline").GetProperty("model").GetProperty("value").GetDouble());
        Assert.Equal(cancelled.GetProperty("baseline").GetProperty("model_beats_baseline").GetBoolean() ? 0 : 1, Beaten(cancelled).Count());
    }

    [Fact]
    public void Where_bleu_is_zero_on_both_sides_the_warning_says_that_it_cannot_tell()
    {
        var baseline = new JobBaseline
        {
            Name = BaselineKind.NearestSource,
            Metric = BaselineMetric.Bleu,
            Split = "test",
            Value = 0,
            Interval = [0, 0],
            Model = new ModelFigure(0, [0, 0], 0),
            ModelBeatsBaseline = false,
        };
        Assert.Contains("cannot tell", baseline.Warning, StringComparison.Ordinal);
        Assert.Contains("does not reliably beat", (baseline with { Value = 0.1 }).Warning, StringComparison.Ordinal);
        Assert.Null((baseline with { Model = null, ModelBeatsBaseline = null }).Warning);
    }

    private static IEnumerable<string> Beaten(JsonElement job) =>
        job.GetProperty("warnings").EnumerateArray().Select(warning => warning.GetString()!).Where(warning => warning.Contains("does not reliably beat", StringComparison.Ordinal));

    private static string Figure(JsonElement side) =>
        FormattableString.Invariant($"{side.GetProperty("value").GetDouble():0.####} (95 % interval {side.GetProperty("interval")[0].GetDouble():0.####} to {side.GetProperty("interval")[1].GetDouble():0.####})");

    private static void AssertAround(JsonElement side) =>
        Assert.InRange(side.GetProperty("value").GetDouble(), side.GetProperty("interval")[0].GetDouble(), side.GetProperty("interval")[1].GetDouble());
}
