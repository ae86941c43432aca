using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Rnn.Benchmarks;

/// <summary>
/// <c>classify</c> of one sentence on one connection, measured by wrk, in rounds that alternate with an echo of the same body:
/// what the service adds to what any Kestrel application costs. The service is the one that a build of the solution left in its output folder.
/// </summary>
internal static partial class HttpBenchmark
{
    private const int Rounds = 5;
    private const int SecondsPerRound = 4;
    private const string Service = "http://127.0.0.1:23980", Echo = "http://127.0.0.1:23981";
    private const string Sentence = "the plot is thin and the jokes are old , but the two leads are so warm that i did not want it to end";

    public static async Task<int> RunAsync(string[] args)
    {
        var program = Program();
        var work = Directory.CreateTempSubdirectory("rnn-http-").FullName;
        var processes = new List<Process>();
        try
        {
            processes.Add(Start(work, "dotnet", program, "--urls", Service, $"--RnnService:DataDirectory={work}/data"));
            processes.Add(Start(work, "dotnet", typeof(HttpBenchmark).Assembly.Location, "echo", Echo));
            await TrainAsync();
            var body = JsonSerializer.Serialize(new { inputs = new[] { Sentence } });
            var classify = await ScriptAsync(work, "classify.lua", body);
            List<(double P50, double P99, double Rate)> own = [], echo = [];
            Wrk(classify, $"{Service}/api/v1/models/bench/classify");
            Wrk(classify, $"{Echo}/echo");
            for (var round = 0; round < Rounds; round++)
            {
                own.Add(Wrk(classify, $"{Service}/api/v1/models/bench/classify"));
                echo.Add(Wrk(classify, $"{Echo}/echo"));
            }

            var table = new StringBuilder("| endpoint | p50 ms (min–max of the rounds) | p99 ms | requests/s |\n|---|---|---|---|\n");
            Line(table, "classify, one sentence of 23 words, bidirectional LSTM of the default size", own);
            Line(table, "echo of the same body", echo);
            Report.Write("http", table.ToString(), args.Contains("--dry"));
            return 0;
        }
        finally
        {
            await StopAsync(work, processes);
        }
    }

    /// <summary>Ends the processes and removes the folder they worked in.</summary>
    internal static async Task StopAsync(string work, IEnumerable<Process> processes)
    {
        foreach (var process in processes)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }

        Directory.Delete(work, recursive: true);
    }

    /// <summary>The service as a build of the solution left it.</summary>
    internal static string Program()
    {
        var path = Path.GetFullPath(Path.Combine(Report.Folder(), "..", "..", "src", "RnnService", "bin", "Release", "net10.0", "RnnService.dll"));
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing: dotnet build -c Release");
    }

    internal static Process Start(string work, string file, params string[] arguments)
    {
        var info = new ProcessStartInfo(file, arguments) { WorkingDirectory = work, RedirectStandardOutput = true, RedirectStandardError = true };
        var process = Process.Start(info)!;
        // Nobody reads the log, but a full pipe would stop the process.
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    /// <summary>A model of the default spec on sentences made up here: how well it learns does not matter, its size does.</summary>
    private static async Task TrainAsync()
    {
        using var client = new HttpClient { BaseAddress = new Uri(Service) };
        await UntilAsync(async () => (await client.GetAsync("/health/ready")).IsSuccessStatusCode, 60);
        var random = new Random(1);
        var words = Enumerable.Range(0, 3000).Select(i => $"word{i}").ToArray();
        var csv = new StringBuilder("text,label\n");
        for (var row = 0; row < 400; row++)
            csv.Append(CultureInfo.InvariantCulture, $"\"{(row % 2 == 0 ? Sentence : "dull")} {string.Join(' ', Enumerable.Range(0, 20).Select(_ => words[random.Next(words.Length)]))}\",{(row % 2 == 0 ? "pos" : "neg")}\n");
        using var form = new MultipartFormDataContent { { new StringContent("bench"), "name" }, { new StringContent("sequence_classification"), "task" }, { new ByteArrayContent(Encoding.UTF8.GetBytes(csv.ToString())), "file", "bench.csv" } };
        await AnswerAsync(await client.PostAsync("/api/v1/datasets", form));
        var job = await AnswerAsync(await client.PostAsJsonAsync("/api/v1/training-jobs", new { dataset = "bench", model = "bench", training = new { epochs = 1 } }));
        await UntilTrainedAsync(client, job);
    }

    internal static Task UntilTrainedAsync(HttpClient client, JsonElement job, int seconds = 120) =>
        UntilAsync(async () => (await AnswerAsync(await client.GetAsync($"/api/v1/training-jobs/{job.GetProperty("id").GetString()}"))).GetProperty("status").GetString() switch
        {
            "succeeded" => true,
            "failed" or "cancelled" => throw new InvalidOperationException("the training job did not succeed"),
            _ => false,
        }, seconds);

    internal static async Task<JsonElement> AnswerAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode ? JsonSerializer.Deserialize<JsonElement>(text) : throw new InvalidOperationException($"{(int)response.StatusCode}: {text}");
    }

    internal static async Task UntilAsync(Func<Task<bool>> done, int seconds)
    {
        for (var attempt = 0; attempt < seconds * 4; attempt++)
        {
            try
            {
                if (await done()) return;
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(250);
        }

        throw new TimeoutException($"not done after {seconds} seconds");
    }

    internal static async Task<string> ScriptAsync(string work, string name, string body)
    {
        var path = Path.Combine(work, name);
        await File.WriteAllTextAsync(path, $"wrk.method = \"POST\"\nwrk.headers[\"Content-Type\"] = \"application/json\"\nwrk.body = [[{body}]]\n");
        return path;
    }

    [GeneratedRegex(@"^\s+(?<q>50|99)%\s+(?<n>[\d.]+)(?<unit>us|ms|s)\s*$", RegexOptions.Multiline)]
    private static partial Regex Quantile();

    [GeneratedRegex(@"Requests/sec:\s+([\d.]+)")]
    private static partial Regex Requests();

    internal static (double P50, double P99, double Rate) Wrk(string script, string url, int connections = 1)
    {
        using var wrk = Process.Start(new ProcessStartInfo("wrk", ["-t1", $"-c{connections}", $"-d{SecondsPerRound}s", "--latency", "-s", script, url]) { RedirectStandardOutput = true })!;
        var output = wrk.StandardOutput.ReadToEnd();
        wrk.WaitForExit();
        if (wrk.ExitCode != 0 || output.Contains("Non-2xx", StringComparison.Ordinal)) throw new InvalidOperationException($"wrk: {output}");
        double Milliseconds(string q) => Quantile().Matches(output).Where(m => m.Groups["q"].Value == q)
            .Select(m => double.Parse(m.Groups["n"].Value, CultureInfo.InvariantCulture) * (m.Groups["unit"].Value switch { "us" => 1e-3, "ms" => 1, _ => 1e3 })).Single();
        return (Milliseconds("50"), Milliseconds("99"), double.Parse(Requests().Match(output).Groups[1].Value, CultureInfo.InvariantCulture));
    }

    private static void Line(StringBuilder table, string name, List<(double P50, double P99, double Rate)> rounds) => table.AppendLine(CultureInfo.InvariantCulture,
        $"| {name} | {Report.Median(rounds.Select(r => r.P50)):F3} ({rounds.Min(r => r.P50):F3}–{rounds.Max(r => r.P50):F3}) | {Report.Median(rounds.Select(r => r.P99)):F2} | {Report.Median(rounds.Select(r => r.Rate)):N0} |");
}
