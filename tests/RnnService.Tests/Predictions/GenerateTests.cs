using System.Text.Json;
using Rnn.Decoding;
using Rnn.Models;
using RnnService.Storage;

namespace RnnService.Tests.Predictions;

/// <summary>What models write, and the choices a client has.</summary>
public sealed class GenerateTests(GenerateFixture fixture) : IClassFixture<GenerateFixture>
{
    private static readonly int[] s_red = [1, 0, 0];

    private HttpClient Client => fixture.Client;

    [Theory]
    [InlineData("zeros")]
    [InlineData("outputs")]
    public async Task Captions_come_out_as_text(string model)
    {
        var answer = await Client.GenerateAsync(model, GenerateModels.Captions.Select(one => one.Features));

        Assert.Equal((model, 1), (answer.Text("model"), answer.GetProperty("version").GetInt32()));
        var predictions = answer.GetProperty("predictions").EnumerateArray().ToArray();
        Assert.Equal(GenerateModels.Captions.Select(one => one.Text), predictions.Select(one => one.Text("text")));
        Assert.All(predictions, one => Assert.Equal("stop", one.Text("finish_reason")));
        Assert.All(predictions, one => Assert.Equal(JsonValueKind.Null, one.GetProperty("state").ValueKind));
        // a, red, ball, the comma, at, rest, the full stop and the end.
        Assert.Equal(8, predictions[0].Tokens());
    }

    [Theory]
    [InlineData("translate")]
    [InlineData("fixed")]
    public async Task Translations_come_out_as_text_from_a_string_or_tokens(string model)
    {
        foreach (var (source, target) in GenerateModels.Translations)
        {
            Assert.Equal(target, (await Client.WriteAsync(model, source)).Text("text"));
            Assert.Equal(target, (await Client.WriteAsync(model, source.Split(' '))).Text("text"));
        }
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(1.0)]
    [InlineData(0.7)]
    public async Task A_text_is_the_core_s_own(double temperature)
    {
        const string prompt = "the dog";
        var model = GenerateModels.Language();
        var tokenizer = model.Codec.Output!;
        var want = new Generation(model.Network.CreateDecoder(null), new SamplingConfig { Temperature = temperature, TopK = 6, TopP = 0.9, RepetitionPenalty = 1.1 }, 11, [0, tokenizer.Begin, tokenizer.End]);
        want.Read(tokenizer.Encode(prompt).Ids.Span);
        GeneratedToken[] tokens = [.. Enumerable.Range(0, 30).Select(_ => want.Advance())];

        var got = await Client.WriteAsync("language", prompt, $$""" "max_tokens":30,"temperature":{{temperature:R}},"top_k":6,"top_p":0.9,"repetition_penalty":1.1,"seed":11""");
        Assert.Equal(tokenizer.Decode([.. tokens.Select(token => token.Token)]), got.Text("text"));
        Assert.Equal(tokens.Sum(token => token.LogProbability), got.LogProbability(), 1e-9);
        Assert.Equal((30, "length"), (got.Tokens(), got.Text("finish_reason")));
    }

    [Fact]
    public async Task Language_models_draw_unless_told_otherwise_and_the_echoed_seed_draws_it_again_also_elsewhere()
    {
        var first = await Client.GenerateAsync("language", GenerateClient.Each("the "), "\"max_tokens\":60");
        var second = await Client.GenerateAsync("language", GenerateClient.Each("the "), "\"max_tokens\":60");
        Assert.NotEqual(first.GetProperty("seed").GetInt64(), second.GetProperty("seed").GetInt64());
        Assert.NotEqual(Only(first).Text("text"), Only(second).Text("text"));

        await using var elsewhere = await RunningService.StartAsync();
        await new PublishedModels(elsewhere).PublishAsync("language", LearningTask.LanguageModeling, GenerateModels.Language());
        foreach (var client in new[] { Client, elsewhere.Client })
        {
            var again = await client.GenerateAsync("language", GenerateClient.Each("the "), $"\"max_tokens\":60,\"seed\":{first.GetProperty("seed")}");
            Assert.Equal(Only(first).Text("text"), Only(again).Text("text"));
            Assert.Equal(Only(first).LogProbability(), Only(again).LogProbability());
        }
    }

    [Fact]
    public async Task An_input_gets_the_same_texts_alone_and_beside_others_and_more_texts_do_not_change_the_first()
    {
        const string options = "\"max_tokens\":25,\"seed\":5";
        var alone = await Client.WriteAsync("language", "the mat", options);
        var together = (await Client.GenerateAsync("language", GenerateClient.Each("the cat", "the mat", "that"), options + ",\"n\":4")).GetProperty("predictions")[1];

        var choices = together.GetProperty("choices").EnumerateArray().ToArray();
        Assert.Equal(4, choices.Length);
        Assert.Equal(alone.Text("text"), choices[0].Text("text"));
        foreach (var part in GenerateClient.Each("text", "finish_reason", "tokens", "log_probability")) Assert.Equal(choices[0].GetProperty(part).ToString(), together.GetProperty(part).ToString());
        Assert.Equal(4, choices.Select(choice => choice.Text("text")).Distinct().Count());
        Assert.False(alone.TryGetProperty("choices", out _));
        Assert.All(choices, choice => Assert.Equal(4, choice.EnumerateObject().Count(part => part.Name is "text" or "finish_reason" or "tokens" or "state")));
    }

    [Fact]
    public async Task A_beam_never_finds_worse_than_greedy_and_gives_its_best_in_order()
    {
        var random = new Random(3);
        string[] inputs = [.. Enumerable.Range(0, 50).Select(_ => new string([.. Enumerable.Range(0, random.Next(1, 9)).Select(_ => (char)('a' + random.Next(8)))]))];
        var greedy = Predictions(await Client.GenerateAsync("untrained", inputs));
        var better = 0;
        foreach (var alpha in new[] { 0.6, 0.0 })
        {
            var beam = Predictions(await Client.GenerateAsync("untrained", inputs, $"\"beam_width\":3,\"n\":3{(alpha == 0 ? "" : ",\"length_penalty\":0.6")}"));
            for (var i = 0; i < inputs.Length; i++)
            {
                Assert.True(beam[i].Score(alpha) >= greedy[i].Score(alpha) - 1e-9, inputs[i]);
                if (beam[i].Score(alpha) > greedy[i].Score(alpha) + 1e-6) better++;
                var choices = beam[i].GetProperty("choices").EnumerateArray().ToArray();
                Assert.Equal(choices.OrderByDescending(choice => choice.Score(alpha)).Select(choice => choice.Text("text")), choices.Select(choice => choice.Text("text")));
                Assert.Equal(choices.Length, choices.Select(choice => (choice.Text("text"), choice.Tokens(), choice.Text("finish_reason"))).Distinct().Count());
            }
        }

        Assert.True(better > 0, "the beam found nothing that greedy did not");
    }

    [Fact]
    public async Task A_beam_s_text_has_the_log_probability_it_says()
    {
        var model = GenerateModels.Untrained();
        var tokenizer = model.Codec.Output!;
        var got = await Client.WriteAsync("untrained", "hedge", "\"beam_width\":4");
        var text = new Generation(model.Network.CreateDecoder(model.Codec.Encode("hedge")), new SamplingConfig(), 0, [0, tokenizer.Begin]);
        int[] tokens = [.. tokenizer.Encode(got.Text("text")).Ids.Span, .. got.Text("finish_reason") == "stop" ? [tokenizer.End] : (int[])[]];
        Assert.Equal(tokens.Length, got.Tokens());
        Assert.Equal(tokens.Sum(token => text.Advance(token).LogProbability), got.LogProbability(), 1e-9);
    }

    [Theory]
    [InlineData("")]
    [InlineData(",\"beam_width\":3")]
    public async Task A_text_ends_before_a_stop_that_is_cut_across_tokens(string options)
    {
        var whole = await Client.WriteAsync("language", "the cat", "\"max_tokens\":60,\"temperature\":0" + options);
        var text = whole.Text("text");
        var stop = text[12..17];
        var cut = await Client.WriteAsync("language", "the cat", $"\"max_tokens\":60,\"temperature\":0,\"stop\":[\"never this\",{JsonSerializer.Serialize(stop)}]" + options);

        Assert.Equal("stop", cut.Text("finish_reason"));
        Assert.DoesNotContain(stop, cut.Text("text"));
        Assert.True(cut.LogProbability() >= whole.LogProbability());
        // Its tokens are those of the text and of the stop, one a character.
        Assert.Equal(cut.Text("text").Length + stop.Length, cut.Tokens());
        if (options.Length == 0) Assert.Equal(text[..text.IndexOf(stop, StringComparison.Ordinal)], cut.Text("text"));
        var alone = await Client.WriteAsync("language", "the cat", $"\"max_tokens\":60,\"temperature\":0,\"stop\":{JsonSerializer.Serialize(stop)}" + options);
        Assert.Equal(cut.Text("text"), alone.Text("text"));
    }

    [Fact]
    public async Task A_text_that_is_not_over_has_its_most_tokens()
    {
        var caption = await Client.WriteAsync("outputs", s_red, "\"max_tokens\":3");
        Assert.Equal(("a red ball", "length", 3), (caption.Text("text"), caption.Text("finish_reason"), caption.Tokens()));
        // Without a limit of its own a request has what the model's texts need, or 256.
        Assert.Equal(256, (await Client.WriteAsync("language", "t")).Tokens());
        var texts = Predictions(await Client.GenerateAsync("zeros", Enumerable.Repeat(s_red, 20), "\"temperature\":10,\"seed\":1"));
        Assert.All(texts, text => Assert.InRange(text.Tokens(), 1, GenerateModels.MaxTokens));
        Assert.Equal(12, Predictions(await Client.GenerateAsync("untrained", Enumerable.Range(0, 8).Select(i => $"{(char)('a' + i)}"))).Max(text => text.Tokens()));
    }

    [Fact]
    public async Task What_is_no_text_is_never_written()
    {
        // At temperature 10 nearly every token is as likely as any other.
        var texts = Predictions(await Client.GenerateAsync("language", Enumerable.Range(0, 20).Select(i => $"{(char)('a' + i)}"), "\"temperature\":10,\"max_tokens\":100,\"seed\":2"));
        Assert.All(texts, text => Assert.Equal((100, 100, "length"), (text.Text("text").Length, text.Tokens(), text.Text("finish_reason"))));
        Assert.DoesNotContain(texts, text => text.Text("text").Contains('\uFFFD'));
        var words = await Client.WriteAsync("ended", "", "\"temperature\":10,\"n\":16,\"seed\":2");
        Assert.All(words.GetProperty("choices").EnumerateArray(), choice => Assert.DoesNotContain("\uFFFD", choice.Text("text")));
        Assert.Contains(words.GetProperty("choices").EnumerateArray(), choice => choice.Text("finish_reason") == "stop");
    }

    [Fact]
    public async Task A_prompt_goes_on_without_being_repeated_and_may_be_empty_where_texts_begin()
    {
        Assert.StartsWith("good ", (await Client.WriteAsync("ended", "", "\"temperature\":0")).Text("text"));
        var beam = await Client.WriteAsync("ended", "good", "\"beam_width\":4,\"n\":3");
        Assert.Equal([" evening, world.", " morning, world.", " night."], beam.GetProperty("choices").EnumerateArray().Select(choice => choice.Text("text")).Order(StringComparer.Ordinal));
        Assert.Equal(", world.", (await Client.WriteAsync("ended", "good morning", "\"temperature\":0")).Text("text"));
        Assert.Equal(", world.", (await Client.WriteAsync("ended", GenerateClient.Each("good", "morning"), "\"temperature\":0")).Text("text"));
        // Never seen, and read all the same.
        Assert.NotEmpty((await Client.WriteAsync("ended", "zebra", "\"temperature\":0")).Text("text"));
        Assert.Equal(20, (await Client.WriteAsync("language", "ÄÖÜ 🎬", "\"max_tokens\":20")).Tokens());
    }

    private static JsonElement[] Predictions(JsonElement answer) => [.. answer.GetProperty("predictions").EnumerateArray()];

    private static JsonElement Only(JsonElement answer) => Assert.Single(answer.GetProperty("predictions").EnumerateArray());
}
