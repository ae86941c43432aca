using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using RnnService.Tests.Datasets;
using RnnService.Tests.TrainingJobs;

namespace RnnService.Tests.Faults;

/// <summary>
/// The k-th write, sync, truncate or unlink of an operation fails, for every k: what was acknowledged is whole, what was not is absent,
/// and the same request sent again succeeds. Runs only when asked for: <c>tests/faults.sh</c>.
/// </summary>
public sealed class FaultRuns : IDisposable
{
    private readonly ITestOutputHelper _output;
    private readonly string _directory = Directory.CreateTempSubdirectory("rnnservice-faults-").FullName;
    private readonly FaultShim _shim;
    private readonly Victim _victim;
    private Fault _fault;
    private bool _killed;
    private int _unanswered;

    public FaultRuns(ITestOutputHelper output)
    {
        _output = output;
        _shim = new FaultShim(FaultShim.Library, Path.Combine(_directory, "control"));
        _victim = new Victim(Directory.CreateDirectory(Path.Combine(_directory, "data")).FullName, _shim);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private HttpClient Client => _victim.Client;

    // Every n-th k from the first on: for a short run, or a part of a long one.
    private static int Every => Setting("FAULT_EVERY");

    private static int First => Setting("FAULT_FIRST");

    private static int Setting(string name) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : 1;

    [Theory(Explicit = true)]
    [InlineData("kill")]
    [InlineData("eio")]
    [InlineData("enospc")]
    public Task Uploads(string fault) => EveryCallAsync("upload", fault, UploadAsync);

    // A job from its submission to its end: claim, heartbeats, metrics, checkpoints and publishing among them.
    [Theory(Explicit = true)]
    [InlineData("kill")]
    [InlineData("eio")]
    [InlineData("enospc")]
    public async Task Jobs_with_checkpoints_and_publishing(string fault)
    {
        await _victim.StartAsync();
        await Client.UploadTwinsAsync();
        await Client.EndAsync(await Client.StartTwinAsync("vectors", 3, "plain"));
        var weights = Assert.Single(await Client.WeightsAsync("plain-vectors"));
        await EveryCallAsync("job", fault, k => JobAsync(k, weights));
    }

    private async Task EveryCallAsync(string what, string fault, Func<long, Task<long>> operate)
    {
        _fault = Enum.Parse<Fault>(fault, ignoreCase: true);
        if (_victim.HasEnded) await _victim.StartAsync();
        var runs = 0;
        for (var k = (long)First; ; k += Every)
        {
            _killed = false;
            var calls = await operate(k);
            await Twins.AssertIdleAsync(_victim.DatabaseFile);
            runs++;
            if (calls >= k || _killed) continue;
            _output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}, {fault}: {runs} runs, the last of {calls} calls, 0 inconsistent; {_unanswered} whole but not acknowledged; slowest start {_victim.SlowestStart.TotalSeconds:F1} s"));
            return;
        }
    }

    /// <summary>Uploads, looks what became of it, and uploads again under the same key.</summary>
    private async Task<long> UploadAsync(long k)
    {
        var (name, content) = ($"upload-{k}", "text,label\n" + string.Concat(Enumerable.Range(0, 200).Select(row => $"row {row} of {k} says nothing new,{(row % 2 == 0 ? "yes" : "no")}\n")));
        Task<HttpResponseMessage> upload() => Client.SendFormAsync(new StringContent(content), "data.csv", name, ("name", name), ("task", "sequence_classification"));
        _shim.Arm(k, _fault);
        var acknowledged = await AnswerAsync(upload) is HttpStatusCode.Created;
        var calls = _shim.Disarm();
        using (var stored = await Client.GetAsync($"/api/v1/datasets/{name}/content", Cancellation))
        {
            if (acknowledged || stored.StatusCode != HttpStatusCode.NotFound) Assert.Equal(content, await stored.Content.ReadAsStringAsync(Cancellation));
            if (!acknowledged && stored.StatusCode == HttpStatusCode.OK) _unanswered++;
            // A process that lives knows that it has refused.
            if (!acknowledged && !_killed) Assert.Equal(HttpStatusCode.NotFound, stored.StatusCode);
        }

        using var again = await upload();
        Assert.True(again.StatusCode is HttpStatusCode.OK or HttpStatusCode.Created, $"call {k}, sent again: {await again.Content.ReadAsStringAsync(Cancellation)}");
        Assert.Equal(HttpStatusCode.NoContent, (await Client.DeleteAsync($"/api/v1/datasets/{name}", Cancellation)).StatusCode);
        return calls;
    }

    /// <summary>Submits a job until it is acknowledged, and waits for its end: published once, with the weights of the one that nothing disturbed.</summary>
    private async Task<long> JobAsync(long k, string weights)
    {
        var (model, body) = ($"job{k}-vectors", Twins.Body("vectors", 3, $"job{k}"));
        _shim.Arm(k, _fault);
        // A retry after a kill may meet its own unanswered claim of the key for a moment; if the job is there without having been acknowledged, its answer is, too.
        for (var tries = 0; await AnswerAsync(() => Client.PostJobAsync(body, model)) is not HttpStatusCode.Accepted; tries++)
        {
            Assert.True(tries < 100, $"call {k}: the job is refused again and again though only one call failed");
            await Task.Delay(20, Cancellation);
        }

        while (!await SurelyAsync(HasEndedAsync)) await Task.Delay(20, Cancellation);
        // Its thread deletes the checkpoints after the end: that may be what fails.
        await Task.Delay(50, Cancellation);
        var calls = _shim.Disarm();
        Assert.Equal(1, await SurelyAsync(() => Client.JobsOfAsync(model)));
        Assert.Equal([weights], await Client.WeightsAsync(model));
        Assert.Equal(HttpStatusCode.NoContent, (await Client.DeleteAsync($"/api/v1/models/{model}", Cancellation)).StatusCode);
        return calls;
    }

    private async Task<bool> HasEndedAsync()
    {
        var newest = (await Client.GetFromJsonAsync<JsonElement>("/api/v1/training-jobs?limit=1", Cancellation)).GetProperty("data")[0];
        if (newest.Text("status") is "queued" or "running") return false;
        Assert.True(newest.Text("status") == "succeeded", newest.ToString());
        return true;
    }

    /// <summary>The status of an answer; null if the process was killed, which then is started again.</summary>
    private async Task<HttpStatusCode?> AnswerAsync(Func<Task<HttpResponseMessage>> ask)
    {
        try
        {
            using var answer = await ask();
            if ((int)answer.StatusCode >= 500) await answer.ProblemAsync((int)answer.StatusCode, answer.StatusCode == HttpStatusCode.InsufficientStorage ? "storage_full" : "database_away");
            return answer.StatusCode;
        }
        catch (Exception error) when (Victim.IsGone(error) && _fault == Fault.Kill && !_killed)
        {
            await RestartAsync();
            return null;
        }
    }

    /// <summary>An answer, of the next process if this one is killed meanwhile.</summary>
    private async Task<T> SurelyAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            return await ask();
        }
        catch (Exception error) when (Victim.IsGone(error) && _fault == Fault.Kill && !_killed)
        {
            await RestartAsync();
            return await ask();
        }
    }

    private async Task RestartAsync()
    {
        _killed = true;
        await _victim.EndedAsync();
        // The next process counts anew: nothing of it shall fail.
        _shim.Disarm();
        await _victim.StartAsync();
    }

    public void Dispose()
    {
        _victim.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
