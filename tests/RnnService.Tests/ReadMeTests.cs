using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace RnnService.Tests;

/// <summary>The README is true: its examples run as they stand, and end as it says.</summary>
public sealed partial class ReadMeTests
{
    private const string NextBlock = "=== next block";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);
    private static readonly string ReadMe = File.ReadAllText(Path.Combine(HouseTests.Root(), "README.md"));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Its_examples_run_in_order_and_end_as_it_says()
    {
        foreach (var tool in new[] { "bash", "curl" })
            Assert.SkipUnless(IsInstalled(tool), $"the examples need {tool}, which is not on the PATH");
        var blocks = Blocks().Matches(ReadMe).Select(match => match.Groups["code"].Value).ToArray();
        await using var service = await RunningService.StartAsync();
        var directory = Directory.CreateTempSubdirectory("rnnservice-readme-").FullName;
        try
        {
            var script = string.Join($"\necho; echo '{NextBlock}'\n", blocks).Replace("localhost:8080", service.Client.BaseAddress!.Authority, StringComparison.Ordinal);
            var (code, output, errors) = await RunAsync(script, directory);
            Assert.True(code == 0, $"exit code {code}\n{errors}\n{output}");

            var answers = output.Split(NextBlock).Zip(blocks).ToArray();
            Assert.Equal(blocks.Length, answers.Length);
            string answer(string shown) => answers.First(answer => answer.Second.Contains(shown, StringComparison.Ordinal)).First;
            AssertFirstExample(answer);
            AssertVectorsAndSentences(answer);
            AssertTexts(answer);
            AssertSteps(answer);
            AssertLearningOn(answer);
            AssertSweep(answer);
            AssertGradientFlow(answer);
            Assert.Contains("hidden_size", JsonSerializer.Deserialize<JsonElement>(answer("hiden_size")).Text("hint"));
            Assert.InRange(new FileInfo(Path.Combine(directory, "sentiment.safetensors")).Length, 10_000, long.MaxValue);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void Its_commands_exist()
    {
        var commands = CommandLines().Matches(ReadMe).Select(match => match.Value).ToArray();
        Assert.Equal(["dotnet run -c Release --project src/RnnService -- demo", "dotnet test -c Release"], commands);
        Assert.True(File.Exists(Path.Combine(HouseTests.Root(), "src", "RnnService", "RnnService.csproj")));
        Assert.Equal(Commands.Demo, Commands.Read(["demo"]));
    }

    [Fact]
    public void The_files_and_folders_it_names_exist()
    {
        var named = Paths().Matches(ReadMe).Select(match => match.Groups["path"].Value).Distinct().ToArray();
        Assert.Contains("src/RnnService/Program.cs", named);
        Assert.All(named, path => Assert.True(Path.Exists(Path.Combine(HouseTests.Root(), path)), $"the README names {path}"));
    }

    private static void AssertFirstExample(Func<string, string> answer)
    {
        Assert.Contains("\"rows\":576", answer("> reviews.csv"));
        Assert.Contains("event: done\ndata: {\"status\":\"succeeded\"", answer("/events"));
        Assert.Contains("\"fraction\":1,", answer("/events")[answer("/events").IndexOf("event: done", StringComparison.Ordinal)..]);
        Assert.StartsWith("step,epoch,split,name,value", answer("/metrics").TrimStart());
        Assert.Equal(["positive", "negative"], All(answer("sentiment/classify"), "label"));
    }

    private static void AssertVectorsAndSentences(Func<string, string> answer)
    {
        Assert.Equal(["same", "opposite"], All(answer("sign/classify"), "label"));
        Assert.Equal(["rising"], All(answer("slope/classify"), "label"));

        var explained = Predictions(answer("\"explain\": true")).Single();
        Assert.Equal("negative", explained.Text("label"));
        var attributions = explained.GetProperty("attributions").EnumerateArray().ToArray();
        Assert.Equal(["the", "plot", "was", "not", "funny"], attributions.Select(token => token.Text("token")));
        Assert.Equal(["funny", "not"], attributions.OrderByDescending(token => token.GetProperty("attribution").GetDouble()).Take(2).Select(token => token.Text("token")).Order());
        Assert.Equal(5, explained.GetProperty("running").GetArrayLength());
    }

    private static void AssertTexts(Func<string, string> answer)
    {
        foreach (var (feedback, second) in new[] { ("zeros", "zeros"), ("outputs", "features+ a") })
        {
            var caption = Predictions(answer($"weather-{feedback}/generate")).Single();
            Assert.Equal("a cold and windy day", caption.Text("text"));
            var steps = caption.GetProperty("steps").EnumerateArray().ToArray();
            Assert.StartsWith("features", steps[0].Text("fed"));
            Assert.Equal(second, steps[1].Text("fed"));
            Assert.Equal(5, steps[1].GetProperty("best").GetArrayLength());
        }

        Assert.Equal(["mira los gatos negros"], All(answer("-F name=spanish"), "text"));
        var best = Predictions(answer("\"beam_width\": 4")).Single();
        Assert.Equal("mira los gatos negros", best.Text("text"));
        var probabilities = best.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("log_probability").GetDouble()).ToArray();
        Assert.Equal(2, probabilities.Length);
        Assert.True(probabilities[0] > probabilities[1], "the best text comes first");

        Assert.Equal(["Saturday"], All(answer("-F name=days"), "text"));
        var stream = answer("\"stream\": true");
        Assert.Contains("event: token\n", stream);
        var done = JsonSerializer.Deserialize<JsonElement>(stream[(stream.LastIndexOf("data: ", StringComparison.Ordinal) + "data: ".Length)..]);
        Assert.Equal((" comes Monday", "stop"), (done.Text("text"), done.Text("finish_reason")));
    }

    private static void AssertSteps(Func<string, string> answer)
    {
        string[][] labels(string shown) => [.. Predictions(answer(shown)).Select(labeled => labeled.GetProperty("labels").EnumerateArray().Select(label => label.GetString()!).ToArray())];
        Assert.Equal([["shut", "open", "open"]], labels("-F name=door"));
        Assert.Equal([["open", "open"], ["shut", "shut"]], labels("\"states\": [\"'$state'\", \"'$state'\"]"));
        var steps = answer("/dev/tcp/").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<JsonElement>(line)).ToArray();
        Assert.Equal(["shut", "shut", "open", "open"], steps.Select(step => step.Text("label")));
        Assert.Equal([1, 2, 3, 4], steps.Select(step => step.GetProperty("step").GetInt32()));
    }

    private static void AssertLearningOn(Func<string, string> answer)
    {
        var estimate = JsonSerializer.Deserialize<JsonElement>(answer("dry_run=true"));
        Assert.Equal(256, estimate.GetProperty("spec").GetProperty("network").GetProperty("hidden_size").GetInt32());
        Assert.All(["parameters", "steps", "estimated_memory_bytes", "estimated_seconds"], field => Assert.InRange(estimate.GetProperty(field).GetDouble(), double.Epsilon, double.MaxValue));

        var meals = answer("\"init_from\"");
        Assert.Contains("\"result\":{\"model\":\"sentiment\",\"version\":2}", meals);
        Assert.Equal(["positive"], All(meals, "label"));
        Assert.Equal(2, Last(meals).GetProperty("version").GetInt32());
    }

    private static void AssertSweep(Func<string, string> answer)
    {
        var shown = answer("$api/sweeps/signs");
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(shown[shown.LastIndexOf("{\"id\":\"sweep_", StringComparison.Ordinal)..]));
        var sweep = JsonElement.ParseValue(ref reader);
        Assert.Equal(("succeeded", 2), (sweep.Text("status"), sweep.GetProperty("result").GetProperty("version").GetInt32()));
        Assert.Equal(16, sweep.GetProperty("results")[0].GetProperty("values").GetProperty("network.hidden_size").GetInt32());
        Assert.Equal(2, Last(shown).GetProperty("version").GetInt32());
        Assert.Equal(["same", "opposite"], All(shown, "label"));
    }

    private static void AssertGradientFlow(Func<string, string> answer)
    {
        var measured = answer("-F name=first").Split('\n').Last(line => line.StartsWith("{\"data\"", StringComparison.Ordinal));
        var last = JsonSerializer.Deserialize<JsonElement>(measured).GetProperty("data").EnumerateArray().Last();
        Assert.Equal(("vanishing", 61, "gated_cell"), (last.Text("verdict"), last.GetProperty("needed_steps").GetInt32(), last.GetProperty("advice")[0].Text("code")));
        var norms = last.GetProperty("lag_gradient_norm");
        Assert.True(norms[60].GetDouble() < 1e-9 * norms[0].GetDouble());
        Assert.True(Accuracy(answer("-F name=first")) < 0.5);
        Assert.True(Accuracy(answer("apply-advice")) == 1);

        static double Accuracy(string shown)
        {
            var line = shown.Split('\n').Last(line => line.StartsWith("data: {\"status\":\"succeeded\"", StringComparison.Ordinal));
            return JsonSerializer.Deserialize<JsonElement>(line["data: ".Length..]).GetProperty("metrics").GetProperty("validation").GetProperty("accuracy").GetDouble();
        }
    }

    /// <summary>A property of every prediction.</summary>
    private static string[] All(string answer, string property) => [.. Predictions(answer).Select(prediction => prediction.Text(property))];

    private static JsonElement[] Predictions(string answer) => [.. Last(answer).GetProperty("predictions").EnumerateArray()];

    /// <summary>The last answer of a block that names its model: a block may show more than one.</summary>
    private static JsonElement Last(string answer)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(answer[answer.LastIndexOf("{\"model\":", StringComparison.Ordinal)..]));
        return JsonElement.ParseValue(ref reader);
    }

    private static bool IsInstalled(string tool) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, tool)));

    private static async Task<(int Code, string Output, string Errors)> RunAsync(string script, string directory)
    {
        using var bash = Process.Start(new ProcessStartInfo("bash", ["-euo", "pipefail", "-c", script])
        {
            WorkingDirectory = directory,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = bash.StandardOutput.ReadToEndAsync(Cancellation);
        var errors = bash.StandardError.ReadToEndAsync(Cancellation);
        using var late = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        late.CancelAfter(Patience);
        try
        {
            await bash.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException) when (!Cancellation.IsCancellationRequested)
        {
            bash.Kill(entireProcessTree: true);
            Assert.Fail($"not done after {Patience}: {await errors}\n{await output}");
        }

        return (bash.ExitCode, await output, await errors);
    }

    [GeneratedRegex("^```bash\n(?<code>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Blocks();

    [GeneratedRegex("(?<=^```\n)dotnet .*", RegexOptions.Multiline)]
    private static partial Regex CommandLines();

    [GeneratedRegex(@"[`(](?<path>(src|tests|deploy|\.ci)/[\w./]*)[`)]")]
    private static partial Regex Paths();
}
