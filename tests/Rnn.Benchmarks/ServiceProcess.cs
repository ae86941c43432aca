using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Rnn.Benchmarks;

/// <summary>The service from its build output in a process of its own, on a data directory that may outlive it.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private readonly Process _process;

    private ServiceProcess(Process process, string url) => (_process, Client) = (process, new HttpClient { BaseAddress = new Uri(url), Timeout = TimeSpan.FromMinutes(10) });

    public HttpClient Client { get; }

    /// <summary>Seconds from starting the process until it said that it is ready.</summary>
    public double ReadyAfter { get; private init; }

    /// <summary>Resident memory now, MiB.</summary>
    public double Resident => ResidentMemory.Now(_process.Id);

    /// <summary>Most resident memory so far, MiB.</summary>
    public double Peak => ResidentMemory.Peak(_process.Id);

    /// <summary>Starts it, or another build of it, and waits until it is ready.</summary>
    public static async Task<ServiceProcess> StartAsync(string work, string? program = null)
    {
        var url = $"http://127.0.0.1:{FreePort()}";
        var start = Stopwatch.GetTimestamp();
        var process = HttpBenchmark.Start(work, "dotnet", program ?? HttpBenchmark.Program(), "--urls", url, $"--RnnService:DataDirectory={work}/data", "--Logging:LogLevel:Default=Warning");
        using var client = new HttpClient { BaseAddress = new Uri(url) };
        while (!await IsReadyAsync(client))
        {
            if (process.HasExited || Stopwatch.GetElapsedTime(start).TotalSeconds > 60)
            {
                process.Kill();
                throw new InvalidOperationException("the service did not become ready");
            }

            await Task.Delay(2);
        }

        return new ServiceProcess(process, url) { ReadyAfter = Stopwatch.GetElapsedTime(start).TotalSeconds };
    }

    // A port of its own each time: a process that is left over must not answer for this one.
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task<bool> IsReadyAsync(HttpClient client)
    {
        try
        {
            return (await client.GetAsync("/health/ready")).IsSuccessStatusCode;
        }
        catch (Exception early) when (early is HttpRequestException or SocketException)
        {
            // Not listening yet, or just about to.
            return false;
        }
    }

    /// <summary>Uploads a file; seconds until the answer.</summary>
    public async Task<double> UploadAsync(string name, string task, string file, HttpContent content)
    {
        using var form = new MultipartFormDataContent { { new StringContent(name), "name" }, { new StringContent(task), "task" }, { content, "file", file } };
        var start = Stopwatch.GetTimestamp();
        await HttpBenchmark.AnswerAsync(await Client.PostAsync("/api/v1/datasets", form));
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>A job to its successful end; seconds from its start to its end.</summary>
    public async Task<double> TrainAsync(object job)
    {
        var submitted = await HttpBenchmark.AnswerAsync(await Client.PostAsJsonAsync("/api/v1/training-jobs", job));
        await HttpBenchmark.UntilTrainedAsync(Client, submitted, 900);
        var ended = await Client.GetFromJsonAsync<JsonElement>($"/api/v1/training-jobs/{submitted.GetProperty("id").GetString()}");
        return (ended.GetProperty("finished_at").GetDateTime() - ended.GetProperty("started_at").GetDateTime()).TotalSeconds;
    }

    /// <summary>Seconds that threads of this name spend on processors until something has ended.</summary>
    public Task<double> ProcessorTimeAsync(string thread, Task until) => ThreadTime.OfAsync(_process.Id, thread, until);

    /// <summary>A counter's value at <c>/metrics</c>; 0 where it has not counted yet.</summary>
    public async Task<double> CounterAsync(string name)
    {
        // "name 1.5 <time>", or with labels in braces.
        var counted = Regex.Match(await Client.GetStringAsync("/metrics"), $@"^{Regex.Escape(name)}(?:{{[^}}]*}})? ([^ \n]+)", RegexOptions.Multiline);
        return counted.Success ? double.Parse(counted.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
    }

    /// <summary>Text of so many megabytes, sent as it is made.</summary>
    public static HttpContent Text(int megabytes) => new PartsContent(GeneratedText.Parts(megabytes * 1_000_000L), megabytes * 1_000_000L);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    /// <summary>ASCII text in parts.</summary>
    private sealed class PartsContent(IEnumerable<string> parts, long length) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            foreach (var part in parts) await stream.WriteAsync(Encoding.ASCII.GetBytes(part));
        }

        protected override bool TryComputeLength(out long computed)
        {
            computed = length;
            return true;
        }
    }
}
