using System.Text;
using System.Text.Json;
using Microsoft.Playwright;
using RnnService.Demo;
using RnnService.Tests;
using RnnService.TrainingJobs.Sweeps;

namespace RnnService.BrowserTests;

/// <summary>The Swagger page, used as a person uses it.</summary>
public sealed class SwaggerPageTests
{
    private const string Disposable = "disposable";

    // In this order what one needs is there, and what another needs is not yet gone.
    private static readonly string[] s_methods = ["get", "post", "put", "delete"];

    // What has ended can be neither cancelled nor resumed, and a stream wants a WebSocket: the page shows the document's own answer.
    private static readonly Dictionary<string, int> s_refusals = new()
    {
        ["get /api/v1/models/{ref}/label/stream"] = 426,
        ["post /api/v1/sweeps/{id}/cancel"] = 409,
        ["post /api/v1/training-jobs/{id}/cancel"] = 409,
        ["post /api/v1/training-jobs/{id}/resume"] = 409,
    };

    // Deletions have no example that could hit what somebody needs.
    private static readonly Dictionary<string, string[]> s_typed = new()
    {
        ["delete /api/v1/models/{name}/aliases/{alias}"] = ["demo-sentiment", "production"],
        ["delete /api/v1/models/{name}/versions/{version}"] = [Disposable, "1"],
        ["delete /api/v1/models/{name}"] = [Disposable],
        ["delete /api/v1/training-jobs/{id}"] = [Disposable],
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_operation_answers_as_its_example_promises_when_it_is_pressed()
    {
        await using var chromium = await Chromium.StartAsync();
        await using var service = await RunningService.StartAsync();
        await PublishAsync(service.Client);
        await SweepAsync(service.Client);
        var document = JsonSerializer.Deserialize<JsonElement>(await service.Client.GetStringAsync("/swagger/v1/swagger.json", Cancellation));
        var operations = document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(operation =>
                (Method: operation.Name, Path: path.Name, Statuses: operation.Value.GetProperty("responses").EnumerateObject().Select(response => response.Name).ToArray())))
            // A version before its model.
            .OrderBy(operation => Array.IndexOf(s_methods, operation.Method)).ThenByDescending(operation => operation.Path.Length).ToArray();
        Assert.True(operations.Length > 20);
        var (page, wrong) = (await chromium.PageAsync(), new List<string>());
        page.PageError += (_, error) => wrong.Add($"the page failed: {error}");
        await page.GotoAsync(new Uri(service.Client.BaseAddress!, "swagger/index.html").ToString());

        foreach (var (method, path, statuses) in operations)
        {
            var name = $"{method} {path}";
            var status = await PressAsync(page, method, path);
            if (!statuses.Contains($"{status}")) wrong.Add($"{name} answered {status}, which it does not document");
            else if (s_refusals.TryGetValue(name, out var refusal) ? status != refusal : status is < 200 or > 299) wrong.Add($"{name} answered {status}");
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    /// <summary>Opens an operation, fills in what has no example, and presses Execute.</summary>
    /// <returns>The status that the page shows.</returns>
    private static async Task<int> PressAsync(IPage page, string method, string path)
    {
        var block = page.Locator($".opblock-{method}").Filter(new() { Has = page.Locator($".opblock-summary-path[data-path=\"{path}\"]") });
        await block.Locator(".opblock-summary-control").ClickAsync();
        var typed = s_typed.GetValueOrDefault($"{method} {path}", []);
        for (var i = 0; i < typed.Length; i++) await block.Locator(".parameters input[type=text]").Nth(i).FillAsync(typed[i]);
        if (path == "/api/v1/datasets" && method == "post") await ChooseFileAsync(block);
        await block.Locator("button.execute").ClickAsync();
        var status = await block.Locator(".live-responses-table .response .response-col_status").First.InnerTextAsync();
        await block.Locator(".opblock-summary-control").ClickAsync();
        return int.Parse(status.Split('\n')[0]);
    }

    private static async Task ChooseFileAsync(ILocator block)
    {
        await block.Locator("tr[data-property-name=task] select").SelectOptionAsync("sequence_classification");
        await block.Locator("input[type=file]").SetInputFilesAsync(new FilePayload
        {
            Name = "reviews.csv",
            MimeType = "text/csv",
            Buffer = Encoding.UTF8.GetBytes("text,label\nwhat a film,positive\nwhat a bore,negative\ntruly great,positive\n"),
        });
    }

    /// <summary>The demo's models that examples name, trained for a moment, and one that may be deleted.</summary>
    private static async Task PublishAsync(HttpClient http)
    {
        var client = new DemoClient(http);
        foreach (var shape in new[] { DemoShapes.Sentences, DemoShapes.Signals, DemoShapes.Rhymes })
        {
            foreach (var dataset in new[] { shape.Train, shape.Test }) await client.EnsureDatasetAsync(shape.Task, dataset, Cancellation);
            await TrainAsync(client, shape.Model, shape.Train.Name, shape.Task == "sequence_labeling" ? new { hidden_size = 8, bidirectional = false } : new { hidden_size = 8 });
        }

        var letters = DemoShapes.Letters;
        await client.EnsureDatasetAsync(letters.Task, letters.Train, Cancellation);
        await TrainAsync(client, letters.Model, letters.Train.Name, new { cell = "rnn_tanh", recurrent_init = "uniform", bidirectional = false, pooling = "last", hidden_size = 8 });

        // Two versions, so that the model is still there when the first is gone.
        for (var version = 1; version <= 2; version++) await TrainAsync(client, Disposable, DemoShapes.Signals.Train.Name, new { hidden_size = 4 });
    }

    /// <summary>The sweep that examples name, to its end.</summary>
    private static async Task SweepAsync(HttpClient http)
    {
        using var body = new StringContent(SweepExamples.Request, Encoding.UTF8, "application/json");
        (await http.PostAsync("/api/v1/sweeps", body, Cancellation)).EnsureSuccessStatusCode();
        while (!(await http.GetStringAsync($"/api/v1/sweeps/{SweepExamples.Name}", Cancellation)).Contains("\"finished_at\":\"", StringComparison.Ordinal)) await Task.Delay(100, Cancellation);
    }

    private static async Task TrainAsync(DemoClient client, string model, string dataset, object network) =>
        await client.WatchAsync(await client.StartAsync(model, new { dataset, model, name = model, network, training = new { epochs = 1 } }, Cancellation), _ => { }, Cancellation);
}
