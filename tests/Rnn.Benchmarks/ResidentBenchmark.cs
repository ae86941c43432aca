using System.Globalization;
using System.Net.Http.Json;
using System.Text;

namespace Rnn.Benchmarks;

/// <summary>What the service takes of the machine: resident memory idle, training and with many models, its start, uploads, and the cost of checkpoints. Linux.</summary>
internal static class ResidentBenchmark
{
    private const int Starts = 7, Models = 50, IdleSeconds = 10;
    private const double TrainingMinutes = 0.5;

    private static readonly string[] s_inputs = ["word1 word2 word3 word4"];

    public static async Task<int> RunAsync(string[] args)
    {
        var only = args.SkipWhile(arg => arg != "--only").Skip(1).FirstOrDefault();
        (string Name, Func<string, Task<string>> Measure)[] all =
            [("start", StartAsync), ("idle", IdleAsync), ("training on 1 MB", work => TrainingAsync(work, 1)), ("training on 100 MB", work => TrainingAsync(work, 100)), ("models", ModelsAsync)];
        if (only is not null && !all.Any(one => one.Name == only))
        {
            Console.Error.WriteLine($"resident [--only <part>] [--dry]; the parts are: {string.Join("; ", all.Select(one => one.Name))}");
            return 2;
        }

        var table = new StringBuilder("| what | measured | asked |\n|---|---|---|\n");
        foreach (var (name, measure) in all.Where(one => only is null || one.Name == only))
        {
            var work = Directory.CreateTempSubdirectory("rnn-resident-").FullName;
            try
            {
                var lines = await measure(work);
                Console.Error.Write(lines);
                table.Append(lines);
            }
            finally
            {
                Directory.Delete(work, recursive: true);
            }
        }

        Report.Write("resident", table.ToString(), only is not null || args.Contains("--dry"));
        return 0;
    }

    /// <summary>From the start of the process to ready, polled every few milliseconds; as published for an image, compiled ahead, and as built, in turns.</summary>
    private static async Task<string> StartAsync(string work)
    {
        using var publish = HttpBenchmark.Start(work, "dotnet", "publish", Path.Combine(Report.Folder(), "..", "..", "src", "RnnService"), "-c", "Release", "--use-current-runtime", "--self-contained", "false", "-o", $"{work}/published");
        await publish.WaitForExitAsync();
        if (publish.ExitCode != 0) throw new InvalidOperationException("dotnet publish failed");
        var (published, built) = (new List<double>(), new List<double>());
        for (var i = 0; i <= Starts; i++)
        {
            await using (var service = await ServiceProcess.StartAsync(work, $"{work}/published/RnnService.dll")) published.Add(service.ReadyAfter);
            await using (var service = await ServiceProcess.StartAsync(work)) built.Add(service.ReadyAfter);
        }

        static string Again(List<double> seconds) => string.Create(CultureInfo.InvariantCulture, $"{Report.Median([.. seconds.Skip(1)]):F2} s ({seconds.Skip(1).Min():F2}–{seconds.Skip(1).Max():F2})");
        return Line("first start, new database, published as for the image", $"{published[0]:F2} s", "")
            + Line($"start on that database, median of {Starts}", $"{Again(published)}", "< 1.5 s")
            + Line("the same from the build output", $"{Again(built)}", "");
    }

    private static async Task<string> IdleAsync(string work)
    {
        await using var service = await ServiceProcess.StartAsync(work);
        await Task.Delay(TimeSpan.FromSeconds(IdleSeconds));
        return Line($"idle, {IdleSeconds} s after it was ready", $"{service.Resident:F0} MiB", "< 200 MB");
    }

    /// <summary>The LSTM character model; as long as it trains is enough to have read all and to have measured, stored and published.</summary>
    private static async Task<string> TrainingAsync(string work, int megabytes)
    {
        await using var service = await ServiceProcess.StartAsync(work);
        using var text = ServiceProcess.Text(megabytes);
        var seconds = await service.UploadAsync("text", "language_modeling", "text.txt", text);
        var uploaded = service.Peak;
        var training = service.TrainAsync(new
        {
            dataset = "text",
            model = "text",
            network = new { cell = "lstm", hidden_size = 256, embedding_size = 256, layers = 1, dropout = 0 },
            training = new { batch_size = 64, bptt_steps = 64, max_minutes = TrainingMinutes, epochs = 100, early_stopping_patience = 0 },
        });
        var computed = await service.ProcessorTimeAsync("checkpoints", training);
        var trained = await training;
        var checkpoints = await service.CounterAsync("rnnservice_checkpoint_seconds_total");
        return Line($"upload of {megabytes} MB of text", $"{megabytes / seconds:F1} MB/s, peak {uploaded:F0} MiB", "")
            + Line($"training, LSTM, H 256, {megabytes} MB of text, until published", $"peak {service.Peak:F0} MiB, {service.Resident:F0} afterwards", megabytes == 1 ? "< 400 MB" : "< 1.2 GB")
            + Line($"checkpoints of that job: {await service.CounterAsync("rnnservice_checkpoint_stored_total"):F0}", $"{computed / trained:P1} of {trained:F0} s on a processor, {checkpoints / trained:P1} with waiting", "< 2 %");
    }

    /// <summary>Models of one network each, all loaded by a request; the service was started anew, so that none of it is left from training.</summary>
    private static async Task<string> ModelsAsync(string work)
    {
        await using (var trainer = await ServiceProcess.StartAsync(work))
        {
            var random = new Random(1);
            var csv = new StringBuilder("text,label\n");
            for (var row = 0; row < 400; row++) csv.Append(CultureInfo.InvariantCulture, $"{string.Join(' ', Enumerable.Range(0, 30).Select(_ => $"word{random.Next(3000)}"))},label{row % 3}\n");
            await trainer.UploadAsync("sentences", "sequence_classification", "sentences.csv", new ByteArrayContent(Encoding.UTF8.GetBytes(csv.ToString())));
            for (var i = 0; i < Models; i++)
                await trainer.TrainAsync(new { dataset = "sentences", model = $"model-{i}", network = new { cell = "lstm", hidden_size = 128 }, training = new { epochs = 1, seed = i + 1 } });
        }

        await using var service = await ServiceProcess.StartAsync(work);
        var before = service.Resident;
        for (var i = 0; i < Models; i++)
            await HttpBenchmark.AnswerAsync(await service.Client.PostAsJsonAsync($"/api/v1/models/model-{i}/classify", new { inputs = s_inputs }));
        return Line($"{Models} models loaded, LSTM, H 128, default spec, 3,000 words", $"{service.Resident:F0} MiB ({before:F0} before the first), peak {service.Peak:F0}", "< 500 MB in all");
    }

    private static string Line(string what, FormattableString measured, string asked) => $"| {what} | {measured.ToString(CultureInfo.InvariantCulture)} | {asked} |\n";
}
