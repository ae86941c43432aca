using System.Text.Json;

namespace RnnService.Tests.TrainingJobs;

/// <summary>What is held out of each kind of data: so many rows, or the end of a text, and never learnt from.</summary>
public sealed class HeldOutPartTests(TinyTasksFixture fixture) : IClassFixture<TinyTasksFixture>
{
    private HttpClient Client => fixture.Client;

    /// <summary>With one row an update, an epoch has as many updates as there are rows to learn from.</summary>
    [Theory]
    [InlineData("vectors", 80)]
    [InlineData("captions", 72)]
    [InlineData("texts", 120)]
    [InlineData("tokens", 120)]
    [InlineData("frames", 120)]
    [InlineData("tags", 100)]
    [InlineData("signals", 100)]
    [InlineData("translations", 108)]
    public async Task A_fraction_of_the_rows_is_not_learnt_from(string dataset, int rows)
    {
        foreach (var fraction in new[] { 0.1, 0.25, 0.5 })
        {
            var job = await TrainAsync(dataset, FormattableString.Invariant($"\"batch_size\":1,\"validation_fraction\":{fraction}"));

            // Of every class its share is rounded by itself.
            Assert.InRange(job.Step(), rows - Math.Round(rows * fraction) - 1, rows - Math.Round(rows * fraction) + 1);
            Assert.True(job.GetProperty("metrics").GetProperty("validation").GetProperty("loss").GetDouble() > 0);
        }
    }

    /// <summary>One text is cut at its end, texts are held out whole; an update reads one window.</summary>
    [Theory]
    [InlineData("story")]
    [InlineData("stories")]
    public async Task A_fraction_of_the_text_is_not_learnt_from(string dataset)
    {
        const int Window = 8;
        var content = TinyTasks.Datasets.Single(one => one.Name == dataset).Content;
        var texts = dataset == "story" ? [content] : content.TrimEnd().Split('\n').Select(line => JsonElement.Parse(line).Text("text")).ToArray();
        // Texts are joined by a token each.
        var characters = texts.Sum(text => text.Length) + (texts.Length > 1 ? texts.Length : 0);
        foreach (var fraction in new[] { 0.1, 0.5 })
        {
            var job = await TrainAsync(dataset, FormattableString.Invariant($"\"batch_size\":1,\"bptt_steps\":{Window},\"validation_fraction\":{fraction}"), "\"tokenizer\":{\"kind\":\"char\"}");

            // A text more or less, where texts of two lengths are drawn.
            Assert.InRange((double)job.Step() * Window, characters * (1 - fraction) * 0.97, characters * (1 - fraction) * 1.03);
        }
    }

    [Fact]
    public async Task A_validation_dataset_leaves_every_row_to_learn_from()
    {
        var job = await TrainAsync("texts", "\"batch_size\":1", "\"validation_dataset\":\"texts\"");

        Assert.Equal(120, job.Step());
        Assert.False(job.GetProperty("spec").GetProperty("training").TryGetProperty("validation_fraction", out _));
    }

    private async Task<JsonElement> TrainAsync(string dataset, string training, string more = "") =>
        await Client.EndAsync(await Client.StartJobAsync(TinyTasks.Job(dataset, fixture.NextModel(), """ "hidden_size":4 """, "\"epochs\":1," + training, more)));
}
