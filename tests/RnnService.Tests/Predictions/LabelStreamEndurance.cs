using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Numerics.Tensors;
using Rnn.Models;
using RnnService.Storage;

namespace RnnService.Tests.Predictions;

/// <summary>Many streams for a long time against a process of its own: every label right, memory level. Runs only when asked for: <c>tests/streams.sh</c>.</summary>
public sealed class LabelStreamEndurance(ITestOutputHelper output)
{
    private const int FramesPerSecond = 20;
    private const long MostGrowth = 32L << 20;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task Streams_keep_their_states_apart_and_memory_stays_level()
    {
        var (streams, seconds) = (Setting("STREAMS", 200), Setting("STREAM_SECONDS", 600));
        var directory = Directory.CreateTempSubdirectory("rnnservice-streams-").FullName;
        await using (var service = await RunningService.StartInAsync(directory))
            await new PublishedModels(service).PublishAsync("steps", LearningTask.SequenceLabeling, LabelModels.OfFrames());
        var url = new Uri($"http://127.0.0.1:{FreePort()}");
        using var process = Process.Start(new ProcessStartInfo("dotnet",
            [Path.Combine(AppContext.BaseDirectory, "RnnService.dll"), $"--urls={url}", $"--RnnService:DataDirectory={directory}", $"--RnnService:Limits:ConcurrentStreams={streams}", "--Logging:LogLevel:Default=Warning"]))!;
        try
        {
            await ReadyAsync(url);
            await RunAsync(process, url, streams, TimeSpan.FromSeconds(seconds));
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            Directory.Delete(directory, recursive: true);
        }
    }

    private async Task RunAsync(Process process, Uri url, int streams, TimeSpan duration)
    {
        var model = LabelModels.OfFrames();
        var clock = Stopwatch.StartNew();
        var steps = new int[streams];
        var clients = Task.WhenAll(Enumerable.Range(0, streams).Select(i => Task.Run(() => StreamAsync(url, model, i, () => clock.Elapsed < duration, steps), Cancellation)));
        var memory = new List<long>();
        // Ten readings of a short run, one a minute of a long one.
        var pause = TimeSpan.FromSeconds(Math.Min(60, duration.TotalSeconds / 10));
        while (!clients.IsCompleted)
        {
            await Task.WhenAny(clients, Task.Delay(pause, Cancellation));
            process.Refresh();
            memory.Add(process.WorkingSet64);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{clock.Elapsed:mm\\:ss}  {streams} streams  {steps.Sum(step => (long)step):N0} labels, all right  {memory[^1] / 1048576.0:F1} MiB"));
        }

        await clients;
        Assert.All(steps, count => Assert.True(count > 0, "a stream got no answer"));
        var settled = memory[Math.Min(2, memory.Count - 1)];
        Assert.True(memory[^1] < settled + MostGrowth, $"memory grew from {settled:N0} to {memory[^1]:N0} bytes");
    }

    private static async Task StreamAsync(Uri url, TrainedModel model, int i, Func<bool> goesOn, int[] steps)
    {
        using var socket = await LabelSocketClient.ConnectAsync(url, "steps", null);
        var (labeler, frames) = (new StepLabeler(model), LabelModels.Frames(997, i));
        using var pace = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / FramesPerSecond));
        while (goesOn())
        {
            var frame = frames[steps[i] % frames.Length];
            var want = Verdict(model, labeler.Next(frame));
            var got = LabelSocketClient.Step(await socket.AskAsync(new { frame }), steps[i] + 1);
            Assert.Equal(want.Label, got.Label);
            Assert.Equal(want.Score, got.Score, 1e-6);
            steps[i]++;
            await pace.WaitForNextTickAsync(Cancellation);
        }
    }

    private static (string Label, float Score) Verdict(TrainedModel model, ReadOnlySpan<float> probabilities)
    {
        var best = TensorPrimitives.IndexOfMax(probabilities);
        return (model.Codec.Labels[best], probabilities[best]);
    }

    private static int Setting(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), out var value) ? value : otherwise;

    private static async Task ReadyAsync(Uri url)
    {
        using var client = new HttpClient { BaseAddress = url };
        for (var tries = 0; ; tries++)
        {
            try
            {
                if ((await client.GetAsync("/health/ready", Cancellation)).IsSuccessStatusCode) return;
            }
            catch (HttpRequestException) when (tries < 600)
            {
                // Not listening yet.
            }

            await Task.Delay(50, Cancellation);
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
