using System.Text.Json;
using System.Text.Json.Nodes;

namespace RnnService.TrainingJobs.Insight;

/// <summary>Which advice to apply.</summary>
internal sealed record AdviceRequest
{
    /// <summary>The advice's code; the first advice, if left out.</summary>
    public string? Code { get; init; }
}

/// <summary>Turns a job's spec and advice into the request of a new job.</summary>
internal static class AdviceApplication
{


    /// <summary>The spec with the change, as a request. Its name is left out: a name finds the newest job of it.</summary>
    public static TrainingJobRequest Apply(string specJson, Advice advice)
    {
        var spec = JsonNode.Parse(specJson)!.AsObject();
        spec.Remove("name");
        // With init_from the network is that of the start.
        if (advice.Change.Keys.Any(path => path.StartsWith("network.", StringComparison.Ordinal))) spec.Remove("init_from");
        // A forget bias belongs to its cell.
        if (advice.Change.ContainsKey("network.cell")) spec["network"]!.AsObject().Remove("forget_bias");
        foreach (var (path, value) in advice.Change)
        {
            var at = path.LastIndexOf('.');
            spec[path[..at]]![path[(at + 1)..]] = value?.DeepClone();
        }

        return spec.Deserialize<TrainingJobRequest>(JsonConventions.Stored)!;
    }
}
