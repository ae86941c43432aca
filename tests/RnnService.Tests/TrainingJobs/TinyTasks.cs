using System.Net;
using System.Text;
using System.Text.Json;
using RnnService.Tests.Datasets;
using RnnService.Tests.Predictions;

namespace RnnService.Tests.TrainingJobs;

/// <summary>A service with a dataset for every task and kind of input, each so regular that a small network learns it whole in about a second.</summary>
public sealed class TinyTasksFixture : IAsyncLifetime
{
    private RunningService? _service;
    private int _models;

    internal RunningService Service => _service ?? throw new InvalidOperationException("The service has not started.");

    internal HttpClient Client => Service.Client;

    /// <summary>A name no other test uses.</summary>
    internal string NextModel() => $"model-{++_models}";

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        _service = await RunningService.StartAsync();
        foreach (var (name, file, task, content) in TinyTasks.Datasets)
        {
            var response = await Client.UploadAsync(name, content, file, task);
            Assert.True(response.StatusCode == HttpStatusCode.Created, $"{name}: {await response.Content.ReadAsStringAsync()}");
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _service?.DisposeAsync() ?? ValueTask.CompletedTask;
}

/// <summary>The datasets, what solves them, and how a client sees that.</summary>
internal static class TinyTasks
{
    private static readonly string[] s_colours = ["red", "green", "blue"];
    private static readonly string[] s_farben = ["rot", "grün", "blau"];
    private static readonly string[] s_things = ["ball", "box"];
    private static readonly string[] s_dinge = ["Ball", "Kiste"];
    private static readonly string[] s_fillers = ["one", "two", "six"];
    private static readonly string[] s_sentences = ["the cat sat on a mat.", "his dog ran in the park!"];

    /// <summary>Name, file, task and content of all of them.</summary>
    public static IEnumerable<(string Name, string File, string Task, string Content)> Datasets =>
    [
        ("vectors", "vectors.jsonl", "vector_classification", Lines(80, (random, _) => Vector(random) is var (x, y) ? new { features = new[] { x, y }, label = Side(x) } : null!)),
        ("vectors-csv", "vectors.csv", "vector_classification", "x,label,y\n" + Rows(80, (random, _) => Vector(random) is var (x, y) ? FormattableString.Invariant($"{x},{Side(x)},{y}") : "")),
        ("captions", "captions.jsonl", "captioning", Lines(72, (_, i) => new { features = Features(i % 6), text = Caption(i % 6) })),
        ("captions-csv", "captions.csv", "captioning", "red,green,blue,box,text\n" + Rows(72, (_, i) => $"{string.Join(',', Features(i % 6))},\"{Caption(i % 6)}\"")),
        ("texts", "texts.csv", "sequence_classification", "text,label\n" + Rows(120, (random, i) => $"{string.Join(' ', Words(random, i))},{Polarity(i)}")),
        ("tokens", "tokens.jsonl", "sequence_classification", Lines(120, (random, i) => new { tokens = Words(random, i), label = Polarity(i) })),
        ("frames", "frames.jsonl", "sequence_classification", Lines(120, (random, i) => new { frames = Frames(random, i), label = Polarity(i) })),
        ("tags", "tags.jsonl", "sequence_labeling", Lines(100, (random, i) => Words(random, i) is var words ? new { tokens = words, labels = Before(words) } : null!)),
        ("signals", "signals.jsonl", "sequence_labeling", Lines(100, (random, _) => Signal(random) is var signal ? new { frames = signal, labels = Earlier(signal) } : null!)),
        ("translations", "translations.jsonl", "translation", Lines(108, (_, i) => new { source = Source(i % 18), target = Target(i % 18) })),
        ("translations-tsv", "translations.tsv", "translation", "source\ttarget\n" + Rows(108, (_, i) => $"{Source(i % 18)}\t{Target(i % 18)}")),
        ("story", "story.txt", "language_modeling", string.Concat(Enumerable.Range(0, 80).Select(i => s_sentences[i % 2] + " "))),
        ("stories", "stories.jsonl", "language_modeling", Lines(80, (_, i) => new { text = s_sentences[i % 2] })),
    ];

    /// <summary>A job on one of them: small, quick and the same each time; options are members of the two groups and of the body.</summary>
    public static string Job(string dataset, string model, string network = "", string training = "", string more = "")
    {
        string group(string defaults, string given) => string.Join(',', defaults.Split(' ').Where(field => !given.Contains(field[..(field.IndexOf(':') + 1)], StringComparison.Ordinal)).Append(given).Where(part => part.Length > 0));
        var (epochs, embedding) = dataset switch
        {
            "captions" or "captions-csv" => (25, true),
            "translations" or "translations-tsv" => (25, true),
            "story" or "stories" => (25, true),
            "vectors" or "vectors-csv" => (15, false),
            "frames" or "signals" => (12, false),
            _ => (12, true),
        };
        var sizes = "\"hidden_size\":32 \"dropout\":0" + (embedding ? " \"embedding_size\":24 \"embedding_dropout\":0" : "");
        var schedule = $"\"epochs\":{epochs} \"batch_size\":8 \"learning_rate\":0.01 \"warmup_steps\":5";
        return $$"""{"dataset":"{{dataset}}","model":"{{model}}","network":{{{group(sizes, network)}}},"training":{{{group(schedule, training)}}}{{(more.Length > 0 ? "," : "")}}{{more}}}""";
    }

    /// <summary>Asserts that a model answers every input of a dataset's kind right.</summary>
    public static Task AssertSolvedAsync(HttpClient client, string dataset, string model) => dataset switch
    {
        "vectors" or "vectors-csv" => ClassifiesAsync(client, model, """[[1.5,0.3],[-0.9,1]]""", "right", "left"),
        "texts" => ClassifiesAsync(client, model, """["one two up","down six","two up one six"]""", "good", "bad", "good"),
        "tokens" => ClassifiesAsync(client, model, """[["one","two","up"],["down","six"]]""", "good", "bad"),
        "frames" => ClassifiesAsync(client, model, """[[[1.2,0.3,3],[0.8,0.1,3]],[[-0.9,0.7,3],[-1.1,0.2,3],[-1,0.5,3]]]""", "good", "bad"),
        "tags" => LabelsAsync(client, model, """[["one","up","six"]]""", "none", "one", "up"),
        "signals" => LabelsAsync(client, model, "[[[1],[-1],[-1],[1]]]", "none", "plus", "minus", "minus"),
        "captions" or "captions-csv" => WritesAsync(client, model, [.. Enumerable.Range(0, 6).Select(i => ((object)Features(i), Caption(i)))]),
        "translations" or "translations-tsv" => WritesAsync(client, model, [.. Enumerable.Range(0, 18).Select(i => ((object)Source(i), Target(i)))]),
        _ => ContinuesAsync(client, model, dataset == "stories"),
    };

    private static async Task ClassifiesAsync(HttpClient client, string model, string inputs, params string[] labels) =>
        Assert.Equal(labels, (await AskAsync(client, model, "classify", inputs)).Select(one => one.Text("label")));

    private static async Task LabelsAsync(HttpClient client, string model, string inputs, params string[] labels) =>
        Assert.Equal(labels, (await AskAsync(client, model, "label", inputs))[0].GetProperty("labels").EnumerateArray().Select(label => label.GetString()));

    private static async Task WritesAsync(HttpClient client, string model, (object Input, string Text)[] wanted)
    {
        var answer = await client.GenerateAsync(model, wanted.Select(one => one.Input), """ "temperature":0""");
        Assert.Equal(wanted.Select(one => one.Text), answer.GetProperty("predictions").EnumerateArray().Select(one => one.Text("text")));
    }

    private static async Task ContinuesAsync(HttpClient client, string model, bool ends)
    {
        foreach (var sentence in s_sentences)
        {
            var prompt = sentence[..7];
            var text = await client.WriteAsync(model, prompt, ends ? """ "temperature":0""" : """ "temperature":0,"stop":[".","!"],"max_tokens":40""");
            Assert.StartsWith(sentence[7..^1], text.Text("text"), StringComparison.Ordinal);
            Assert.Equal("stop", text.Text("finish_reason"));
        }
    }

    private static async Task<JsonElement[]> AskAsync(HttpClient client, string model, string verb, string inputs)
    {
        using var content = new StringContent($$"""{"inputs":{{inputs}}}""", Encoding.UTF8, "application/json");
        var response = await client.PostAsync($"/api/v1/models/{model}/{verb}", content, TestContext.Current.CancellationToken);
        var answer = await response.JsonAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, answer.ToString());
        return [.. answer.GetProperty("predictions").EnumerateArray()];
    }

    private static (double X, double Y) Vector(Random random) => (Math.Round(random.NextDouble() * 4 - 2, 2) is var x && Math.Abs(x) < 0.2 ? 1 : x, Math.Round(random.NextDouble(), 2));

    private static string Side(double x) => x > 0 ? "right" : "left";

    private static string Polarity(int i) => i % 2 == 0 ? "good" : "bad";

    /// <summary>One word that matters, somewhere among others.</summary>
    private static string[] Words(Random random, int i)
    {
        var words = Enumerable.Range(0, 2 + random.Next(4)).Select(_ => s_fillers[random.Next(3)]).ToArray();
        words[random.Next(words.Length)] = i % 2 == 0 ? "up" : "down";
        return words;
    }

    private static string[] Before(string[] words) => ["none", .. words[..^1]];

    private static double[][] Frames(Random random, int i) =>
        [.. Enumerable.Range(0, 2 + random.Next(4)).Select(_ => new[] { (i % 2 == 0 ? 1 : -1) + Math.Round(random.NextDouble() - 0.5, 2), Math.Round(random.NextDouble(), 2), 3 })];

    private static double[][] Signal(Random random) => [.. Enumerable.Range(0, 3 + random.Next(4)).Select(_ => new[] { random.Next(2) == 0 ? 1.0 : -1.0 })];

    private static string[] Earlier(double[][] signal) => ["none", .. signal[..^1].Select(frame => frame[0] > 0 ? "plus" : "minus")];

    private static int[] Features(int i) => [i % 3 == 0 ? 1 : 0, i % 3 == 1 ? 1 : 0, i % 3 == 2 ? 1 : 0, i / 3];

    private static string Caption(int i) => $"a {s_colours[i % 3]} {s_things[i / 3]}, here";

    private static string Source(int i) => $"{s_dinge[i / 3 % 2]} {s_farben[i % 3]} {(i / 6) switch { 0 => "hier", 1 => "dort", _ => "weg" }}";

    private static string Target(int i) => $"{(i / 6) switch { 0 => "here", 1 => "there", _ => "gone" }}: {s_colours[i % 3]} {s_things[i / 3 % 2]}";

    private static string Rows(int count, Func<Random, int, string> row)
    {
        var random = new Random(count);
        return string.Concat(Enumerable.Range(0, count).Select(i => row(random, i) + "\n"));
    }

    private static string Lines(int count, Func<Random, int, object> row) => Rows(count, (random, i) => JsonSerializer.Serialize(row(random, i)));
}
