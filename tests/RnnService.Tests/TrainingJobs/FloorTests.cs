using System.Text.Json;
using RnnService.Tests.Datasets;

namespace RnnService.Tests.TrainingJobs;

/// <summary>Baselines of real files beside the floors that were computed independently for the same files and methods; the tolerance is what a method's free choices explain.</summary>
public sealed class FloorTests(ServiceFixture fixture) : IClassFixture<ServiceFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("sentiment_mr/mr", "csv", "test", "sequence_classification", "naive_bayes", 0.756, 0.01)]
    [InlineData("frames_gesture_phase/gesture_phase", "jsonl", "test", "sequence_labeling", "softmax_regression", 0.506, 0.01)]
    [InlineData("tagging_ud_english_ewt/ewt_pos", "jsonl", "test", "sequence_labeling", "most_frequent_tag", 0.862, 0.002)]
    [InlineData("text_tinyshakespeare/tinyshakespeare", "txt", "valid", "language_modeling", "ngram_model", 1.591, 0.001)]
    [InlineData("text_tinyshakespeare/tinyshakespeare", "txt", "test", "language_modeling", "ngram_model", 1.806, 0.001)]
    // The floor splits on spaces and keeps capitals; a job's BLEU sets marks apart and lower-cases.
    [InlineData("one_to_many_restaurant/restaurant", "jsonl", "test", "captioning", "nearest_source", 0.452, 0.03)]
    public async Task A_baseline_is_the_floor_of_its_file(string stem, string ending, string measured, string task, string name, double floor, double tolerance)
    {
        string file(string split) => $"{Path.GetFileName(stem)}_{split}.{ending}";
        foreach (var split in new[] { "train", "valid", measured }.Distinct())
        {
            var path = Path.Combine(SharedDataTests.Root(), Path.GetDirectoryName(stem)!, file(split));
            Assert.SkipUnless(File.Exists(path), $"there is no file {path}; RNN_DATA names another folder");
            (await fixture.Client.UploadAsync(file(split), await File.ReadAllBytesAsync(path, Cancellation), file(split), task)).EnsureSuccessStatusCode();
        }

        var id = await fixture.Client.StartJobAsync(
            $$"""{"dataset":"{{file("train")}}","validation_dataset":"{{file("valid")}}","test_dataset":"{{file(measured)}}","model":"{{Path.GetFileName(stem)}}","network":{"hidden_size":8} }""");
        var baseline = (await fixture.Client.WaitAsync(id, job => job.GetProperty("baseline").ValueKind != JsonValueKind.Null)).GetProperty("baseline");
        await fixture.Client.PostAsync($"/api/v1/training-jobs/{id}/cancel", null, Cancellation);

        Assert.Equal((name, "test"), (baseline.Text("name"), baseline.Text("split")));
        Assert.InRange(baseline.GetProperty("value").GetDouble(), floor - tolerance, floor + tolerance);
        var interval = baseline.GetProperty("interval");
        Assert.InRange(baseline.GetProperty("value").GetDouble(), interval[0].GetDouble(), interval[1].GetDouble());
    }
}
