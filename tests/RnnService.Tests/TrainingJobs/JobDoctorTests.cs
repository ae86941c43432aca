using System.Text;
using System.Text.Json;
using RnnService.Demo;
using RnnService.Tests.Datasets;

namespace RnnService.Tests.TrainingJobs;

/// <summary>Each finding of the doctor with its numbers, and none where the data is clean.</summary>
public sealed class JobDoctorTests(ServiceFixture fixture) : IClassFixture<ServiceFixture>
{
    private HttpClient Client => fixture.Client;

    [Fact]
    public async Task Rows_to_measure_on_that_are_also_learnt_from_are_counted()
    {
        await StoreAsync("learnt", Rows(200, "train"));
        await StoreAsync("leaking", Rows(30, "other") + string.Concat(Enumerable.Range(0, 10).Select(i => $"the train {i} text,down\n")));
        await StoreAsync("apart", Rows(40, "test"));

        var warnings = await DryRunAsync("""{"dataset":"learnt","model":"m","validation_dataset":"apart","test_dataset":"leaking"}""");

        Assert.Contains("10 of 40 test rows (25 %) are also in the training dataset by their input: take them out of one of the two, since test metrics count what was learnt by heart.", warnings);
        Assert.DoesNotContain(warnings, warning => warning.Contains("validation rows", StringComparison.Ordinal));
        await Client.CancelAsync(await ReadsAsync("""{"dataset":"learnt","model":"m","validation_dataset":"leaking"}""", "10 of 40 validation rows (25 %)"));
    }

    [Fact]
    public async Task A_text_to_measure_on_that_is_a_piece_of_the_training_text_is_told()
    {
        var lines = Enumerable.Range(0, 400).Select(i => $"line number {i} of a text that goes on and on and on\n").ToArray();
        await Client.UploadAsync("book", string.Concat(lines), "book.txt", "language_modeling");
        await Client.UploadAsync("chapter", string.Concat(lines[100..140]), "chapter.txt", "language_modeling");

        Assert.Contains(await DryRunAsync("""{"dataset":"book","model":"m","test_dataset":"chapter"}"""),
            warning => warning.StartsWith("40 of 40 test lines of 40 characters or more (100 %) are also in the training dataset:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_worker_that_has_the_vocabulary_tells_once_how_much_of_the_test_it_does_not_know()
    {
        await StoreAsync("known", Rows(200, "plain"));
        await StoreAsync("foreign", string.Concat(Enumerable.Range(0, 50).Select(i => $"strange words{i} here plain,{(i % 2 == 0 ? "up" : "down")}\n")));
        var body = """{"dataset":"known","model":"foreign","test_dataset":"foreign","tokenizer":{"kind":"word","subword_features":"none","token_ngrams":1},"training":{"epochs":1}}""";
        const string unknown = "150 of 200 test tokens (75 %) are unknown to the vocabulary: ";

        Assert.Single(await DryRunAsync(body), warning => warning.StartsWith(unknown, StringComparison.Ordinal));
        var id = await Client.StartJobAsync(body);
        var job = await Client.EndAsync(id);

        Assert.Single(Warnings(job), warning => warning.StartsWith(unknown, StringComparison.Ordinal));
        Assert.Equal(Warnings(job), (await Client.EventsAsync(id)).Where(happened => happened.Kind == "warning").Select(happened => happened.Data.Text("message")));
    }

    [Fact]
    public async Task Numbers_far_out_are_told_where_scaling_is_standard()
    {
        var random = new Random(1);
        var rows = string.Concat(Enumerable.Range(0, 200).Select(i => FormattableString.Invariant($"{random.NextDouble()},{(i == 7 ? 5000 : random.NextDouble())},1,{(i % 2 == 0 ? "a" : "b")}\n")));
        await Client.UploadAsync("spiked", "width,height,depth,label\n" + rows, "spiked.csv", "vector_classification");

        var standard = await DryRunAsync("""{"dataset":"spiked","model":"m","features":{"scaling":"standard"}}""");
        var robust = await DryRunAsync("""{"dataset":"spiked","model":"m","features":{"scaling":"robust"}}""");

        Assert.Single(standard, warning => warning.StartsWith("1 feature has values far out, 'height'", StringComparison.Ordinal) && warning.Contains("features.scaling to robust", StringComparison.Ordinal));
        Assert.Equal(standard.Where(warning => !warning.Contains("far out", StringComparison.Ordinal)), robust);
        Assert.Contains("1 feature has the same value everywhere, 'depth': leave them out, they tell nothing.", robust);
    }

    [Fact]
    public async Task Documents_longer_than_the_window_and_longer_inputs_to_measure_on_are_told()
    {
        var words = string.Join(' ', Enumerable.Repeat("word", 60));
        await Client.UploadAsync("documents", string.Concat(Enumerable.Range(0, 100).Select(i => JsonSerializer.Serialize(new { text = $"{i} {words}" }) + "\n")), "documents.jsonl", "language_modeling");
        await StoreAsync("short", Rows(200, "short"));
        await StoreAsync("long", string.Concat(Enumerable.Range(0, 40).Select(i => $"long {i} {words},{(i % 2 == 0 ? "up" : "down")}\n")));

        var documents = await DryRunAsync("""{"dataset":"documents","model":"m","tokenizer":{"kind":"word"},"training":{"bptt_steps":50}}""");
        Assert.Contains(documents, warning => warning.StartsWith("Half of the documents have at most 61 words, 95 % at most 61, the longest 61, and gradients end after training.bptt_steps 50:", StringComparison.Ordinal));
        Assert.DoesNotContain(await DryRunAsync("""{"dataset":"documents","model":"m","tokenizer":{"kind":"word"},"training":{"bptt_steps":70}}"""), warning => warning.Contains("bptt_steps", StringComparison.Ordinal));
        Assert.Contains(await DryRunAsync("""{"dataset":"short","model":"m","test_dataset":"long"}"""),
            warning => warning.StartsWith("Half of the test inputs have 62 steps or more, of the training inputs 95 % at most 4:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_datasets_of_the_demo_are_clean()
    {
        foreach (var shape in new[] { DemoShapes.Vectors, DemoShapes.Captions, DemoShapes.Sentences, DemoShapes.Videos, DemoShapes.Dates, DemoShapes.Signals, DemoShapes.Rhymes })
        {
            foreach (var file in new[] { shape.Train, shape.Test })
                Assert.Empty(Warnings(await (await Client.UploadAsync(file.Name, file.Content(), file.File, shape.Task)).JsonAsync()).Select(warning => $"{file.Name}: {warning}"));
            Assert.Empty((await DryRunAsync($$"""{"dataset":"{{shape.Train.Name}}","model":"m","test_dataset":"{{shape.Test.Name}}"}""")).Select(warning => $"{shape.Model}: {warning}"));
        }
    }

    private async Task StoreAsync(string name, string rows) => await Client.UploadAsync(name, Encoding.UTF8.GetBytes("text,label\n" + rows), $"{name}.csv");

    private static string Rows(int count, string word) => string.Concat(Enumerable.Range(0, count).Select(i => $"the {word} {i} text,{(i % 2 == 0 ? "up" : "down")}\n"));

    private async Task<string[]> DryRunAsync(string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        var response = await Client.PostAsync("/api/v1/training-jobs?dry_run=true", content, TestContext.Current.CancellationToken);
        var answer = await response.JsonAsync();
        Assert.True(response.IsSuccessStatusCode, answer.ToString());
        return Warnings(answer);
    }

    /// <summary>Starts a job whose answer must carry a warning.</summary>
    private async Task<string> ReadsAsync(string body, string warning)
    {
        var job = await (await Client.PostJobAsync(body)).JsonAsync();
        Assert.Contains(Warnings(job), text => text.StartsWith(warning, StringComparison.Ordinal));
        return job.Text("id");
    }

    private static string[] Warnings(JsonElement answer) => [.. answer.GetProperty("warnings").EnumerateArray().Select(warning => warning.GetString() ?? "")];
}
