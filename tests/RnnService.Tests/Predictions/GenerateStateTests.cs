using System.Text.Json;
using RnnService.Storage;

namespace RnnService.Tests.Predictions;

/// <summary>Texts that are gone on with, and what is told of each step.</summary>
public sealed class GenerateStateTests(GenerateFixture fixture) : IClassFixture<GenerateFixture>
{
    private const string Greedy = "\"temperature\":0";

    private static readonly int[] s_red = [1, 0, 0];
    private static readonly float[] s_huge = [1e25f, 1e25f, 1e25f];

    private HttpClient Client => fixture.Client;

    private static string From(JsonElement text) => $"\"states\":[\"{text.Text("state")}\"]";

    [Theory]
    [InlineData("language", "the dog", 10, 15)]
    [InlineData("ended", "", 1, 2)]
    public async Task A_text_gone_on_with_is_the_text_never_interrupted(string model, string prompt, int first, int rest)
    {
        var whole = await Client.WriteAsync(model, prompt, $"{Greedy},\"max_tokens\":{first + rest}");
        var begun = await Client.WriteAsync(model, prompt, $"{Greedy},\"max_tokens\":{first}");
        for (var i = 0; i < 2; i++)
        {
            // Twice: a state stays as it is.
            var ended = await Client.WriteAsync(model, "", $"{Greedy},\"max_tokens\":{rest},{From(begun)}");
            Assert.Equal(whole.Text("text"), begun.Text("text") + ended.Text("text"));
            Assert.Equal(whole.LogProbability(), begun.LogProbability() + ended.LogProbability(), 1e-6);
        }
    }

    [Fact]
    public async Task A_prompt_goes_on_from_a_state_beside_texts_that_begin()
    {
        var begun = await Client.WriteAsync("language", "the cat", $"{Greedy},\"max_tokens\":9");
        var whole = await Client.WriteAsync("language", "the cat" + begun.Text("text") + "that was", $"{Greedy},\"max_tokens\":12");
        var fresh = await Client.WriteAsync("language", "that was", $"{Greedy},\"max_tokens\":12");
        var both = await Client.GenerateAsync("language", GenerateClient.Each("that was", "that was"), $"{Greedy},\"max_tokens\":12,\"states\":[null,\"{begun.Text("state")}\"]");

        Assert.Equal([fresh.Text("text"), whole.Text("text")], both.GetProperty("predictions").EnumerateArray().Select(one => one.Text("text")));
    }

    [Fact]
    public async Task The_states_of_beams_and_of_texts_with_a_stop_stand_where_they_ended()
    {
        var beam = await Client.WriteAsync("language", "the mat", "\"beam_width\":3,\"n\":2,\"max_tokens\":8");
        foreach (var choice in beam.GetProperty("choices").EnumerateArray())
        {
            var whole = await Client.WriteAsync("language", "the mat" + choice.Text("text"), $"{Greedy},\"max_tokens\":10");
            Assert.Equal(whole.Text("text"), (await Client.WriteAsync("language", "", $"{Greedy},\"max_tokens\":10,{From(choice)}")).Text("text"));
        }

        var stopped = await Client.WriteAsync("language", "the mat", $"{Greedy},\"stop\":\"at\"");
        var after = await Client.WriteAsync("language", "the mat" + stopped.Text("text") + "at", $"{Greedy},\"max_tokens\":10");
        Assert.Equal("stop", stopped.Text("finish_reason"));
        Assert.Equal(after.Text("text"), (await Client.WriteAsync("language", "", $"{Greedy},\"max_tokens\":10,{From(stopped)}")).Text("text"));
    }

    [Fact]
    public async Task A_state_outlives_the_process_that_made_it()
    {
        var directory = Directory.CreateTempSubdirectory("rnnservice-test-").FullName;
        JsonElement begun, ended;
        await using (var service = await RunningService.StartInAsync(directory))
        {
            await new PublishedModels(service).PublishAsync("language", LearningTask.LanguageModeling, GenerateModels.Language());
            begun = await service.Client.WriteAsync("language", "the", $"{Greedy},\"max_tokens\":5");
            ended = await service.Client.WriteAsync("language", "", $"{Greedy},\"max_tokens\":20,{From(begun)}");
        }

        await using (var service = await RunningService.StartInAsync(directory))
            Assert.Equal(ended.Text("text"), (await service.Client.WriteAsync("language", "", $"{Greedy},\"max_tokens\":20,{From(begun)}")).Text("text"));
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Changed_and_foreign_states_are_pointed_at()
    {
        var state = (await Client.WriteAsync("language", "the", "\"max_tokens\":2")).Text("state");
        var other = (await Client.WriteAsync("ended", "good", "\"max_tokens\":2")).Text("state");
        var changed = state[..^9] + (state[^9] == 'A' ? 'B' : 'A') + state[^8..];
        foreach (var wrong in new[] { changed, other, "", "no state", state[..40] })
        {
            var response = await Client.PostGenerateAsync("language", $$"""{"inputs":["a","b"],"states":[null,{{JsonSerializer.Serialize(wrong)}}]}""");
            Assert.Equal("/states/1", (await response.ProblemAsync(422, "invalid")).GetProperty("errors")[0].Text("pointer"));
        }
    }

    [Theory]
    [InlineData("zeros", "features", "zeros", "zeros")]
    [InlineData("outputs", "features+<begin>", "features+ a", "features+ red")]
    public async Task A_trace_tells_what_a_captioner_was_fed(string model, params string[] fed)
    {
        var text = await Client.WriteAsync(model, s_red, "\"trace\":true");

        var steps = Steps(text);
        Assert.Equal(fed, steps[..3].Select(step => step.Text("fed")));
        // Words remember the space before them, which a text's first does not show.
        Assert.Equal([" a", " red", " ball"], steps[..3].Select(step => step.Text("token")));
        Assert.Equal("<end>", steps[^1].Text("token"));
        Assert.Equal(text.Tokens(), steps.Length);
        Assert.All(steps, step => Assert.False(step.TryGetProperty("attention", out _)));
        AssertConsistent(text, steps);
    }

    [Fact]
    public async Task A_trace_has_the_norm_of_a_state_whose_squares_overflow()
    {
        var steps = Steps(await Client.WriteAsync("boundless", s_huge, "\"trace\":true"));

        Assert.InRange(steps[0].GetProperty("state_norm").GetDouble(), 1e20, 1e30);
    }

    [Fact]
    public async Task A_trace_tells_what_a_translator_looked_at()
    {
        var text = await Client.WriteAsync("translate", "two dogs run", "\"trace\":true");

        Assert.Equal(3, text.GetProperty("source").GetArrayLength());
        var steps = Steps(text);
        Assert.Equal(["<begin>", .. steps[..^1].Select(step => step.Text("token"))], steps.Select(step => step.Text("fed")));
        Assert.All(steps, step => Assert.Equal(1, step.GetProperty("attention").EnumerateArray().Sum(weight => weight.GetDouble()), 1e-5));
        Assert.All(steps, step => Assert.Equal(3, step.GetProperty("attention").GetArrayLength()));
        AssertConsistent(text, steps);
        Assert.False((await Client.WriteAsync("fixed", "two dogs run", "\"trace\":true")).TryGetProperty("source", out _));
        Assert.False((await Client.WriteAsync("translate", "two dogs run")).TryGetProperty("steps", out _));
    }

    [Fact]
    public async Task A_trace_of_a_language_model_begins_with_the_last_token_of_the_prompt()
    {
        var text = await Client.WriteAsync("language", "the d", "\"trace\":true,\"max_tokens\":5,\"temperature\":0");
        var steps = Steps(text);
        Assert.Equal(["d", .. text.Text("text")[..4].Select(letter => $"{letter}")], steps.Select(step => step.Text("fed")));
        AssertConsistent(text, steps);
    }

    private static JsonElement[] Steps(JsonElement text) => [.. text.GetProperty("steps").EnumerateArray()];

    // Greedy: what was emitted is the first of the best, and the totals are the sum of the steps.
    private static void AssertConsistent(JsonElement text, JsonElement[] steps)
    {
        Assert.Equal(text.LogProbability(), steps.Sum(step => step.LogProbability()), 1e-9);
        foreach (var step in steps)
        {
            var best = step.GetProperty("best").EnumerateArray().ToArray();
            Assert.Equal(5, best.Length);
            Assert.Equal(step.Text("token"), best[0].Text("token"));
            double[] probabilities = [.. best.Select(output => output.GetProperty("probability").GetDouble())];
            Assert.Equal(probabilities.OrderDescending(), probabilities);
            Assert.Equal(step.LogProbability(), Math.Log(probabilities[0]), 1e-6);
            Assert.InRange(probabilities.Sum(), probabilities[0], 1.00001);
            Assert.True(step.GetProperty("state_norm").GetDouble() > 0);
        }
    }
}
