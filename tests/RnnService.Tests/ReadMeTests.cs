using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace RnnService.Tests;

/// <summary>The README is true: its examples run as they stand, and end as it says.</summary>
public sealed partial class ReadMeTests
{
    private const string NextBlock = "=== next block";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
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
            string Answer(string shown) => answers.First(answer => answer.Second.Contains(shown, StringComparison.Ordinal)).First;
            Assert.Contains("\"rows\":576", Answer("> reviews.csv"));
            Assert.Contains("event: done\ndata: {\"status\":\"succeeded\"", Answer("/events"));
            Assert.Contains("\"fraction\":1,", Answer("/events")[Answer("/events").IndexOf("event: done", StringComparison.Ordinal)..]);
            Assert.StartsWith("step,epoch,split,name,value", Answer("/metrics").TrimStart());
            Assert.Equal(["positive", "negative"], Labels(Answer("sentiment/classify")));
            Assert.Equal(["rising"], Labels(Answer("slope/classify")));
            Assert.Contains("hidden_size", JsonSerializer.Deserialize<JsonElement>(Answer("hiden_size")).Text("hint"));
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

    private static string[] Labels(string answer) => [.. Label().Matches(answer[answer.IndexOf("\"predictions\":", StringComparison.Ordinal)..]).Select(match => match.Groups["label"].Value)];

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

    [GeneratedRegex("\"label\":\"(?<label>\\w+)\"")]
    private static partial Regex Label();
}
