using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace RnnService.Demo;

/// <summary>The demo's own client: it knows the service by HTTP only, as anybody else.</summary>
internal sealed class DemoClient(HttpClient http)
{
    // An answer of a stream is a short line.
    private const int AnswerBytes = 1024;

    private static readonly TimeSpan PollPeriod = TimeSpan.FromMilliseconds(200);

    /// <summary>Uploads a dataset unless one of that name is there.</summary>
    /// <returns>Its number of rows, and whether it was there already.</returns>
    public async Task<(long Rows, bool Reused)> EnsureDatasetAsync(string task, DemoDataset dataset, CancellationToken cancellationToken)
    {
        using var existing = await http.GetAsync($"api/v1/datasets/{dataset.Name}", cancellationToken);
        if (existing.StatusCode != HttpStatusCode.NotFound)
            return ((await ReadAsync(existing, cancellationToken)).GetProperty("rows").GetInt64(), true);
        using var form = new MultipartFormDataContent
        {
            { new StringContent(dataset.Name), "name" },
            { new StringContent(task), "task" },
        };
        using var file = new ByteArrayContent(dataset.Content());
        file.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        form.Add(file, "file", dataset.File);
        using var answer = await http.PostAsync("api/v1/datasets", form, cancellationToken);
        return ((await ReadAsync(answer, cancellationToken)).GetProperty("rows").GetInt64(), false);
    }

    /// <summary>The newest version of a model, or null when there is no such model.</summary>
    public async Task<JsonElement?> NewestVersionAsync(string model, CancellationToken cancellationToken)
    {
        using var answer = await http.GetAsync($"api/v1/models/{model}", cancellationToken);
        return answer.StatusCode == HttpStatusCode.NotFound ? null : (await ReadAsync(answer, cancellationToken)).GetProperty("versions")[0];
    }

    /// <summary>Starts a job, or finds the one that is still training the model since an earlier demo.</summary>
    /// <returns>The job's id.</returns>
    public async Task<string> StartAsync(string model, object request, CancellationToken cancellationToken)
    {
        var jobs = await http.GetFromJsonAsync<JsonElement>("api/v1/training-jobs?limit=100", cancellationToken);
        foreach (var job in jobs.GetProperty("data").EnumerateArray())
            if (job.GetProperty("model").GetString() == model && job.GetProperty("status").GetString() is "queued" or "running")
                return job.GetProperty("id").GetString()!;
        using var answer = await http.PostAsJsonAsync("api/v1/training-jobs", request, cancellationToken);
        return (await ReadAsync(answer, cancellationToken)).GetProperty("id").GetString()!;
    }

    /// <summary>The newest point of a job's gradient flow.</summary>
    public async Task<JsonElement> GradientFlowAsync(string job, CancellationToken cancellationToken) =>
        (await http.GetFromJsonAsync<JsonElement>($"api/v1/training-jobs/{job}/gradient-flow", cancellationToken)).GetProperty("data").EnumerateArray().Last();

    /// <summary>Starts a job with the first advice for another.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> ApplyAdviceAsync(string job, CancellationToken cancellationToken)
    {
        using var answer = await http.PostAsync($"api/v1/training-jobs/{job}/apply-advice", null, cancellationToken);
        return (await ReadAsync(answer, cancellationToken)).GetProperty("id").GetString()!;
    }

    /// <summary>Watches a job until it ends.</summary>
    /// <param name="id">The job.</param>
    /// <param name="watch">Called with every look at it.</param>
    /// <param name="cancellationToken">Stops watching.</param>
    /// <exception cref="InvalidOperationException">It did not succeed.</exception>
    public async Task WatchAsync(string id, Action<JsonElement> watch, CancellationToken cancellationToken)
    {
        while (true)
        {
            var job = await http.GetFromJsonAsync<JsonElement>($"api/v1/training-jobs/{id}", cancellationToken);
            watch(job);
            var status = job.GetProperty("status").GetString();
            if (status == "succeeded") return;
            if (status is "failed" or "cancelled") throw new InvalidOperationException($"The job {id} {status}. {job.GetProperty("error").GetString()}");
            await Task.Delay(PollPeriod, cancellationToken);
        }
    }

    /// <summary>The predictions for a body that is JSON already.</summary>
    public async Task<IReadOnlyList<JsonElement>> PredictAsync(string model, string verb, string body, CancellationToken cancellationToken)
    {
        using var content = new StringContent(body, new MediaTypeHeaderValue("application/json"));
        using var answer = await http.PostAsync($"api/v1/models/{model}/{verb}", content, cancellationToken);
        return [.. (await ReadAsync(answer, cancellationToken)).GetProperty("predictions").EnumerateArray()];
    }

    /// <summary>Labels frames over a WebSocket: the next is sent when the label of the one before is there.</summary>
    /// <param name="model">The model.</param>
    /// <param name="frames">Each as JSON.</param>
    /// <param name="cancellationToken">Ends the stream.</param>
    public async IAsyncEnumerable<JsonElement> LabelAsync(string model, IEnumerable<string> frames, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var socket = new ClientWebSocket();
        if (http.DefaultRequestHeaders.Authorization is { } key) socket.Options.SetRequestHeader("Authorization", key.ToString());
        var address = new UriBuilder(new Uri(http.BaseAddress!, $"api/v1/models/{model}/label/stream"));
        address.Scheme = address.Scheme == Uri.UriSchemeHttps ? Uri.UriSchemeWss : Uri.UriSchemeWs;
        await socket.ConnectAsync(address.Uri, cancellationToken);
        var answer = new byte[AnswerBytes];
        foreach (var frame in frames)
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes($$"""{"frame":{{frame}}}"""), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
            var received = await socket.ReceiveAsync(answer, cancellationToken);
            yield return JsonSerializer.Deserialize<JsonElement>(answer.AsSpan(0, received.Count));
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
    }

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        return answer.IsSuccessStatusCode ? body : throw new InvalidOperationException($"{(int)answer.StatusCode}: {body.GetProperty("detail").GetString()} {(body.TryGetProperty("hint", out var hint) ? hint.GetString() : "")}");
    }
}
