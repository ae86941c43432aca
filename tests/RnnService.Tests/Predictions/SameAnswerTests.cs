using System.Text;
using System.Text.Json;

namespace RnnService.Tests.Predictions;

/// <summary>An input's answer depends on nothing but the input: not on its neighbours, their lengths, or how it arrives.</summary>
public sealed class SameAnswerTests(LabelFixture labels, GenerateFixture texts) : IClassFixture<LabelFixture>, IClassFixture<GenerateFixture>
{
    private const int Inputs = 64;

    private static readonly string[] s_read = ["a", "good", "film", ",", "not", "bad", "one", "dull", "the", "cat", "sat", "on", "mat", ".", "unheard"];
    private static readonly string[] s_sources = ["one", "two", "cat", "cats", "dog", "dogs", "sleeps", "sleep", "runs", "run"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("classify", "texts")]
    [InlineData("classify", "gestures")]
    [InlineData("classify", "points")]
    [InlineData("label", "steps")]
    [InlineData("label", "both-ways")]
    [InlineData("label", "tags")]
    [InlineData("generate", "translate")]
    [InlineData("generate", "fixed")]
    [InlineData("generate", "zeros")]
    [InlineData("generate", "outputs")]
    [InlineData("generate", "language")]
    public async Task Alone_and_among_64_of_other_lengths(string verb, string model)
    {
        object[] inputs = [.. Enumerable.Range(0, Inputs).Select(i => Input(model, 1 + i * 7 % 31, i))];
        var together = await AskAsync(verb, model, inputs);
        var alone = new JsonElement[Inputs];
        await Parallel.ForAsync(0, Inputs, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Cancellation }, async (i, _) => alone[i] = (await AskAsync(verb, model, [inputs[i]]))[0]);

        Assert.True(together.Select(answer => Numbers(answer)[0]).Distinct().Count() > 1, "the model tells nothing apart");
        for (var i = 0; i < Inputs; i++)
        {
            Assert.Equal(Words(together[i]), Words(alone[i]));
            AssertClose(Numbers(together[i]), Numbers(alone[i]));
        }
    }

    [Theory]
    [InlineData("steps")]
    [InlineData("tags")]
    public async Task Streamed_step_by_step(string model)
    {
        for (var i = 0; i < 8; i++)
        {
            var input = Input(model, 1 + i * 9, i);
            var (names, scores) = (new List<string>(), new List<double>());
            using var socket = await LabelSocketClient.ConnectAsync(labels.Service, model);
            foreach (var step in (Array)input)
            {
                var (label, score) = LabelSocketClient.Step(await socket.AskAsync(step is string token ? new { token } : new { frame = step }), names.Count + 1);
                names.Add(label);
                scores.Add(score);
            }

            var posted = (await AskAsync("label", model, [input]))[0];
            Assert.Equal(posted.GetProperty("labels").EnumerateArray().Select(label => label.GetString()), names);
            AssertClose(Numbers(posted), scores);
        }
    }

    /// <summary>Words in any order are a search among many texts, of which a beam of four keeps greedy's or a better one.</summary>
    [Theory]
    [InlineData("translate", "")]
    [InlineData("fixed", "")]
    [InlineData("zeros", "")]
    [InlineData("outputs", "")]
    [InlineData("language", ",\"max_tokens\":12")]
    [InlineData("ended", "")]
    public async Task A_beam_of_four_never_scores_below_greedy(string model, string options)
    {
        object[] inputs = [.. Enumerable.Range(0, Inputs).Select(i => Input(model, 1 + i % 9, i))];
        var greedy = await AskAsync("generate", model, inputs, options);
        foreach (var alpha in new[] { 0.6, 0.0 })
        {
            var beam = await AskAsync("generate", model, inputs, FormattableString.Invariant($"{options},\"beam_width\":4,\"length_penalty\":{alpha}"));
            for (var i = 0; i < Inputs; i++)
                Assert.True(beam[i].Score(alpha) >= greedy[i].Score(alpha) - 1e-9, $"{JsonSerializer.Serialize(inputs[i])}: {beam[i]} {greedy[i]}");
        }
    }

    private static object Input(string model, int steps, int seed)
    {
        var random = new Random(seed);
        string[] words(string[] from) => [.. Enumerable.Range(0, steps).Select(_ => from[random.Next(from.Length)])];
        return model switch
        {
            "points" => LabelModels.Frames(1, seed)[0],
            "steps" or "both-ways" or "gestures" => LabelModels.Frames(steps, seed),
            "zeros" or "outputs" => new[] { random.Next(-2, 3) / 2.0, random.Next(-2, 3) / 2.0, random.Next(-2, 3) / 2.0 },
            "tags" => words(s_read),
            "translate" or "fixed" => string.Join(' ', words(s_sources)),
            "ended" => string.Join(' ', words(["good", "morning", "evening", "world"])),
            _ => string.Join(' ', words(s_read)),
        };
    }

    private async Task<JsonElement[]> AskAsync(string verb, string model, object[] inputs, string options = "")
    {
        var (client, more) = verb == "generate" ? (texts.Client, $",\"temperature\":0{options}{(options.Contains("max_tokens", StringComparison.Ordinal) ? "" : ",\"max_tokens\":30")}") : (labels.Client, "");
        using var content = new StringContent($$"""{"inputs":{{JsonSerializer.Serialize(inputs)}}{{more}}}""", Encoding.UTF8, "application/json");
        var response = await client.PostAsync($"/api/v1/models/{model}/{verb}", content, Cancellation);
        var answer = await response.JsonAsync();
        Assert.True(response.IsSuccessStatusCode, answer.ToString());
        return [.. answer.GetProperty("predictions").EnumerateArray()];
    }

    private static string Words(JsonElement answer) => answer.TryGetProperty("text", out var text) ? text.GetString()! : answer.TryGetProperty("labels", out var steps) ? steps.ToString() : answer.Text("label");

    private static double[] Numbers(JsonElement answer)
    {
        if (!answer.TryGetProperty("scores", out var scores)) return [answer.LogProbability()];
        return scores.ValueKind == JsonValueKind.Array
            ? [.. scores.EnumerateArray().Select(score => score.GetDouble())] : [.. scores.EnumerateObject().OrderBy(score => score.Name, StringComparer.Ordinal).Select(score => score.Value.GetDouble())];
    }

    private static void AssertClose(IEnumerable<double> want, IEnumerable<double> got)
    {
        Assert.Equal(want.Count(), got.Count());
        Assert.All(want.Zip(got), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
    }
}
