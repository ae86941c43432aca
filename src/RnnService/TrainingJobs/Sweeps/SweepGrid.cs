using System.Text.Json;
using System.Text.Json.Nodes;
using RnnService.Http;

namespace RnnService.TrainingJobs.Sweeps;

/// <summary>One point of a grid.</summary>
/// <param name="Request">What its job trains.</param>
/// <param name="Values">Its values by path.</param>
/// <param name="Pointers">Where each of them stands in the sweep's body, by path.</param>
internal sealed record Combination(TrainingJobRequest Request, IReadOnlyDictionary<string, JsonElement> Values, IReadOnlyDictionary<string, string> Pointers)
{
    /// <summary>The values as a client reads them.</summary>
    public string Named => string.Join(", ", Values.Select(value => $"{value.Key} {ClientText.Shorten(value.Value.GetRawText())}"));
}

/// <summary>The lists of values of a sweep's body and their combinations, the last list's values changing first. Pure.</summary>
internal static class SweepGrid
{
    private const string Start = "init_from";

    private static readonly Dictionary<string, Type> s_groups = new()
    {
        ["network"] = typeof(NetworkRequest),
        ["tokenizer"] = typeof(TokenizerRequest),
        ["features"] = typeof(FeaturesRequest),
        ["training"] = typeof(TrainingRequest),
    };

    private static readonly string[] s_paths =
        [Start, .. s_groups.SelectMany(group => JsonConventions.Stored.GetTypeInfo(group.Value).Properties.Select(property => $"{group.Key}.{property.Name}"))];

    /// <summary>Every combination, each with values of the right types.</summary>
    /// <exception cref="ProblemException">A path, a list or a value's type is wrong, or there are too many combinations.</exception>
    public static IReadOnlyList<Combination> Combinations(SweepRequest request, Limits limits)
    {
        if (request.Grid.Count == 0)
            throw new ProblemException(Problems.InvalidField("/grid", "The grid is empty.", "Send at least one list, for example {\"network.cell\": [\"lstm\", \"gru\"]}."));
        var body = JsonSerializer.SerializeToNode<TrainingJobRequest>(request, JsonConventions.Stored)!.AsObject();
        // A name finds the newest job of it; here it is the sweep's.
        body["name"] = null;
        foreach (var (path, values) in request.Grid) Check(path, values, body);
        var count = request.Grid.Values.Aggregate(1.0, (product, values) => product * values.Count);
        if (count > limits.SweepCombinations)
            throw new ProblemException(Problems.LimitExceeded("/grid", $"The grid has {count:N0} combinations; at most {limits.SweepCombinations} are allowed.", "RnnService:Limits:SweepCombinations"));
        IEnumerable<int[]> indices = [[]];
        foreach (var values in request.Grid.Values) indices = indices.SelectMany(_ => Enumerable.Range(0, values.Count), (index, last) => (int[])[.. index, last]);
        return [.. indices.Select(index => Combine(request.Grid, index, body))];
    }

    /// <summary>Where a value of the list stands in the body (RFC 6901); no path that is known needs escapes.</summary>
    private static string Pointer(string path, int index) => $"/grid/{path}/{index}";

    private static void Check(string path, IReadOnlyList<JsonElement> values, JsonObject body)
    {
        var pointer = $"/grid/{path.Replace("~", "~0").Replace("/", "~1")}";
        if (!s_paths.Contains(path))
            throw new ProblemException(Problems.Malformed($"'{ClientText.Shorten(path)}' is not a path of the spec that a grid can vary.",
                $"The nearest known path is '{NearestName.Of(path, s_paths)}'.", ProblemError.At(pointer, "Unknown path.")));
        if (values.Count == 0)
            throw new ProblemException(Problems.InvalidField(pointer, $"The list of {path} is empty.", "Send at least one value, or leave the path out."));
        if (Field(body, path) is not null)
            throw new ProblemException(Problems.InvalidField($"/{path.Replace('.', '/')}", $"{path} is given in the grid too.", "Send it once: as a value, or as a list under grid."));
        for (var i = 0; i < values.Count; i++)
        {
            CheckType(path, values[i], Pointer(path, i));
            if (values.Take(i).Any(earlier => JsonElement.DeepEquals(earlier, values[i])))
                throw new ProblemException(Problems.InvalidField(Pointer(path, i), $"{path} has the value {ClientText.Shorten(values[i].GetRawText())} twice.", "Send each value once."));
        }
    }

    private static void CheckType(string path, JsonElement value, string pointer)
    {
        var (type, field) = path == Start ? (typeof(TrainingJobRequest), path) : (s_groups[path[..path.IndexOf('.', StringComparison.Ordinal)]], path[(path.IndexOf('.', StringComparison.Ordinal) + 1)..]);
        var holder = path == Start ? new JsonObject { ["dataset"] = "", ["model"] = "" } : [];
        holder[field] = JsonSerializer.SerializeToNode(value);
        try
        {
            holder.Deserialize(type, JsonConventions.Stored);
        }
        catch (JsonException wrong)
        {
            var problem = JsonProblems.Of(wrong, type, JsonConventions.Stored);
            throw new ProblemException(Problems.Malformed($"The value at {pointer} has the wrong type or is out of range.", problem.Hint!, [.. (problem.Errors ?? []).Select(error => ProblemError.At(pointer, error.Detail))]));
        }
    }

    private static Combination Combine(IReadOnlyDictionary<string, IReadOnlyList<JsonElement>> grid, int[] index, JsonObject body)
    {
        var request = body.DeepClone().AsObject();
        var (values, pointers) = (new Dictionary<string, JsonElement>(), new Dictionary<string, string>());
        foreach (var ((path, list), i) in grid.Zip(index))
        {
            (values[path], pointers[path]) = (list[i], Pointer(path, i));
            var at = path.IndexOf('.', StringComparison.Ordinal);
            var group = at < 0 ? request : request[path[..at]] as JsonObject ?? [];
            group[path[(at + 1)..]] = JsonSerializer.SerializeToNode(list[i]);
            if (at >= 0 && group.Parent is null) request[path[..at]] = group;
        }

        return new Combination(request.Deserialize<TrainingJobRequest>(JsonConventions.Stored)!, values, pointers);
    }

    private static JsonNode? Field(JsonObject body, string path)
    {
        var at = path.IndexOf('.', StringComparison.Ordinal);
        return at < 0 ? body[path] : body[path[..at]]?[path[(at + 1)..]];
    }
}
