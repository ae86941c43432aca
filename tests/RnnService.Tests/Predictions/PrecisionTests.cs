using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using RnnService.Storage;

namespace RnnService.Tests.Predictions;

/// <summary>Weights of 16 bits, where the service is told so.</summary>
public sealed class PrecisionTests
{
    private const string Bf16 = "--RnnService:Precision=bf16";
    private const string Options = "\"temperature\":0,\"max_tokens\":5";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_service_with_bf16_weights_answers_says_what_they_cost_and_takes_its_own_states_only()
    {
        var directory = Directory.CreateTempSubdirectory("rnnservice-test-").FullName;
        string[] states;
        await using (var service = await RunningService.StartInAsync(directory))
        {
            await GenerateModels.PublishAllAsync(service);
            var text = await service.Client.WriteAsync("language", "the", Options);
            Assert.False((await VersionAsync(service, "language")).TryGetProperty("precision", out _));
            states = [text.Text("state")];
        }

        await using (var service = await RunningService.StartInAsync(directory, Bf16))
        {
            var before = (await VersionAsync(service, "language")).GetProperty("precision");
            Assert.Equal("""{"weights":"bf16"}""", before.GetRawText());

            var text = await service.Client.WriteAsync("language", "the", Options);
            await service.Client.WriteAsync("language", "", $"{Options},\"states\":[\"{text.Text("state")}\"]");
            await RefusedAsync(service, states[0]);
            states = [.. states, text.Text("state")];

            var after = (await VersionAsync(service, "language")).GetProperty("precision");
            Assert.Equal("bf16", after.Text("weights"));
            Assert.InRange(after.GetProperty("largest_difference").GetDouble(), 1e-6, 0.1);
            Assert.InRange(after.GetProperty("same_answers").GetDouble(), 0.9, 1);
            Assert.Equal(512, after.GetProperty("answers").GetInt32());
            await service.Client.WriteAsync("translate", "one cat sleeps", Options);
            var classified = await service.Client.PostAsync("/api/v1/models/sentiment/classify", new StringContent("""{"inputs":["good","bad"]}""", new MediaTypeHeaderValue("application/json")), Cancellation);
            Assert.Equal(2, (await classified.JsonAsync()).GetProperty("predictions").GetArrayLength());
        }

        await using (var service = await RunningService.StartInAsync(directory))
        {
            await RefusedAsync(service, states[1]);
            await service.Client.WriteAsync("language", "", $"{Options},\"states\":[\"{states[0]}\"]");
        }

        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task A_version_whose_weights_are_no_numbers_can_still_be_shown()
    {
        await using var service = await RunningService.StartAsync(Bf16);
        await new PublishedModels(service).PublishAsync("damaged", LearningTask.LanguageModeling, GenerateModels.Damaged());
        await (await service.Client.PostGenerateAsync("damaged", """{"inputs":["the"]}""")).ProblemAsync(500, "internal");
        Assert.Equal(0, (await VersionAsync(service, "damaged")).GetProperty("precision").GetProperty("largest_difference").GetDouble());
    }

    private static async Task RefusedAsync(RunningService service, string state)
    {
        var response = await service.Client.PostGenerateAsync("language", $$"""{"inputs":[""],{{Options}},"states":["{{state}}"]}""");
        Assert.Equal("/states/0", (await response.ProblemAsync(422, "invalid")).GetProperty("errors")[0].Text("pointer"));
    }

    private static Task<JsonElement> VersionAsync(RunningService service, string model) => service.Client.GetFromJsonAsync<JsonElement>($"/api/v1/models/{model}/versions/1", Cancellation);
}
