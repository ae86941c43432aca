using System.Text.Json;
using RnnService.Tests.Predictions;

namespace RnnService.Tests.TrainingJobs;

/// <summary>The <c>sample</c> events of every task: what they show is what the model of that moment answers.</summary>
public sealed class SampleEventTests(TinyTasksFixture fixture) : IClassFixture<TinyTasksFixture>
{
    private HttpClient Client => fixture.Client;

    // After one epoch the published model is the one that was looked at.
    [Theory]
    [InlineData("vectors", "classify", "label")]
    [InlineData("texts", "classify", "label")]
    [InlineData("tokens", "classify", "label")]
    [InlineData("tags", "label", "labels")]
    [InlineData("captions", "generate", "text")]
    [InlineData("translations", "generate", "text")]
    public async Task A_sample_shows_a_held_out_input_its_target_and_the_answer(string dataset, string verb, string answered)
    {
        var (model, samples) = await SamplesAsync(dataset);

        Assert.Equal(3, samples.Length);
        foreach (var sample in samples)
        {
            var more = verb == "generate" ? ""","temperature":0,"max_tokens":60""" : "";
            var answer = await AskAsync(model, verb, $$"""{"inputs":[{{sample.GetProperty("input").GetRawText()}}]{{more}}}""");
            // A text that does not come to its end is cut, here and there.
            if (verb == "generate") Assert.StartsWith(sample.Text("output"), answer.Text(answered), StringComparison.Ordinal);
            else Assert.Equal(answer.GetProperty(answered).ToString(), sample.GetProperty("output").ToString());
            Assert.Equal(answer.GetProperty(answered).ValueKind, sample.GetProperty("target").ValueKind);
            Assert.Equal(verb == "classify", sample.TryGetProperty("score", out var score));
            if (verb == "classify") Assert.InRange(score.GetDouble(), 0.5, 1);
        }
    }

    [Theory]
    [InlineData("story")]
    [InlineData("stories")]
    public async Task A_language_model_goes_on_from_the_beginning_of_held_out_text_with_the_same_draws_each_time(string dataset)
    {
        var (model, samples) = await SamplesAsync(dataset);

        Assert.Equal(dataset == "story" ? 1 : 3, samples.Length);
        foreach (var sample in samples)
        {
            var text = await Client.WriteAsync(model, sample.Text("input"), """ "temperature":0.8,"seed":1,"max_tokens":200""");
            Assert.StartsWith(sample.Text("output"), text.Text("text"), StringComparison.Ordinal);
            Assert.InRange(sample.Text("output").Length, 1, 200);
            Assert.Contains(sample.Text("target")[..5], "the cat sat on a mat. his dog ran in the park! the cat sat", StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Frames_are_counted_and_events_come_at_most_once_a_second_of_an_epoch_that_is_measured()
    {
        var id = await Client.StartJobAsync(TinyTasks.Job("signals", fixture.NextModel(), training: "\"epochs\":40"));
        var job = await Client.EndAsync(id);
        var events = await Client.EventsAsync(id);
        var samples = events.Where(happened => happened.Kind == "sample").ToArray();

        var seconds = (job.GetProperty("finished_at").GetDateTime() - job.GetProperty("started_at").GetDateTime()).TotalSeconds;
        Assert.InRange(samples.Length, 1, 1 + (int)seconds);
        foreach (var happened in samples)
        {
            var measured = events.Last(other => other.Kind == "metrics" && other.Number < happened.Number).Data.GetProperty("data")[0];
            Assert.Equal((measured.GetProperty("epoch").GetInt32(), measured.GetProperty("step").GetInt64()), (happened.Data.GetProperty("epoch").GetInt32(), happened.Data.GetProperty("step").GetInt64()));
            Assert.All(happened.Data.GetProperty("samples").EnumerateArray(), sample => Assert.Matches("^[3-6] frames of 1 number$", sample.Text("input")));
            Assert.All(happened.Data.GetProperty("samples").EnumerateArray(), sample => Assert.Equal(sample.GetProperty("target").GetArrayLength(), sample.GetProperty("output").GetArrayLength()));
        }
    }

    private async Task<(string Model, JsonElement[] Samples)> SamplesAsync(string dataset)
    {
        var model = fixture.NextModel();
        var id = await Client.StartJobAsync(TinyTasks.Job(dataset, model, training: "\"epochs\":1"));
        await Client.EndAsync(id);
        var only = Assert.Single(await Client.EventsAsync(id), happened => happened.Kind == "sample").Data;
        Assert.Equal(1, only.GetProperty("epoch").GetInt32());
        return (model, [.. only.GetProperty("samples").EnumerateArray()]);
    }

    private async Task<JsonElement> AskAsync(string model, string verb, string body)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        var response = await Client.PostAsync($"/api/v1/models/{model}/{verb}", content, TestContext.Current.CancellationToken);
        var answer = await response.JsonAsync();
        Assert.True(response.IsSuccessStatusCode, answer.ToString());
        return answer.GetProperty("predictions")[0];
    }
}
