using System.Net.Http.Json;
using System.Text.Json;
using RnnService.Tests.Datasets;
using RnnService.Tests.TrainingJobs;

namespace RnnService.Tests.Faults;

/// <summary>Ten jobs of all six tasks; each is run once undisturbed and once more under faults, and both must end in the same weights.</summary>
internal static class Twins
{
    /// <summary>The datasets, one a job, and epochs that take a few seconds.</summary>
    public static readonly (string Dataset, int Epochs)[] Jobs =
        [("vectors", 300), ("captions", 120), ("texts", 100), ("tokens", 100), ("frames", 150), ("tags", 120), ("signals", 200), ("translations", 50), ("story", 120), ("stories", 100)];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Uploads the datasets of all jobs.</summary>
    public static async Task UploadTwinsAsync(this HttpClient client)
    {
        foreach (var (name, file, task, content) in TinyTasks.Datasets.Where(one => Jobs.Any(job => job.Dataset == one.Name)))
            (await client.UploadAsync(name, content, file, task)).EnsureSuccessStatusCode();
    }

    /// <summary>Submits a job that publishes to a model of its dataset's name with a prefix.</summary>
    public static Task<string> StartTwinAsync(this HttpClient client, string dataset, int epochs, string prefix) =>
        client.StartJobAsync(Body(dataset, epochs, prefix));

    /// <summary>The body of such a job.</summary>
    public static string Body(string dataset, int epochs, string prefix) =>
        TinyTasks.Job(dataset, $"{prefix}-{dataset}", """ "dropout":0.1 """, $""" "epochs":{epochs},"early_stopping_patience":0,"seed":3 """);

    /// <summary>The hashes of all versions of a model, newest first; empty if there is none.</summary>
    public static async Task<string[]> WeightsAsync(this HttpClient client, string model)
    {
        using var answer = await client.GetAsync($"/api/v1/models/{model}", Cancellation);
        if (!answer.IsSuccessStatusCode) return [];
        var weights = new List<string>();
        foreach (var version in (await answer.JsonAsync()).GetProperty("versions").EnumerateArray())
        {
            var full = await client.GetFromJsonAsync<JsonElement>($"/api/v1/models/{model}/versions/{version.GetProperty("version")}", Cancellation);
            weights.Add(full.GetProperty("receipt").Text("weights_sha256"));
        }

        return [.. weights];
    }

    /// <summary>How many jobs publish, or would, to a model.</summary>
    public static async Task<int> JobsOfAsync(this HttpClient client, string model)
    {
        var page = await client.GetFromJsonAsync<JsonElement>("/api/v1/training-jobs?limit=100", Cancellation);
        return page.GetProperty("data").EnumerateArray().Count(job => job.Text("model") == model);
    }

    /// <summary>Asserts that the stored data is whole and nothing else is there; waits a little for what is cleaned up in the background.</summary>
    public static async Task AssertIdleAsync(string databaseFile)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                using var stored = new StoredData(databaseFile);
                stored.AssertWhole(isIdle: true);
                return;
            }
            catch (Xunit.Sdk.XunitException) when (tries < 50)
            {
                await Task.Delay(100, Cancellation);
            }
        }
    }
}
