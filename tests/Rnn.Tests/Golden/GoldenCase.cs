using System.Text.Json;

namespace Rnn.Tests.Golden;

/// <summary>A golden file of format <c>rnn-golden-1</c>: what goes in, what must come out, and how closely.</summary>
internal sealed class GoldenCase
{
    private readonly JsonElement _root;

    private GoldenCase(string name, JsonElement root, string folder)
    {
        (Name, _root) = (name, root);
        Inputs = Tensors(root, "inputs");
        Parameters = Tensors(root, "params");
        Outputs = Tensors(root, "outputs");
        Gradients = Tensors(root, "grads");
        if (root.TryGetProperty("grads_file", out var file))
        {
            using var other = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, file.GetString()!)));
            Gradients = Tensors(other.RootElement, "grads");
        }
    }

    public string Name { get; }
    public IReadOnlyDictionary<string, GoldenTensor> Inputs { get; }
    public IReadOnlyDictionary<string, GoldenTensor> Parameters { get; }
    public IReadOnlyDictionary<string, GoldenTensor> Outputs { get; }
    public IReadOnlyDictionary<string, GoldenTensor> Gradients { get; }
    public JsonElement Expected => _root.GetProperty("expected");
    public JsonElement ToleranceElement => _root.GetProperty("tolerance");

    public static GoldenCase Load(GoldenFolder.Entry entry)
    {
        var path = GoldenFolder.FileOf(entry.File);
        if (!path.EndsWith(".json", StringComparison.Ordinal))
            throw new ArgumentException($"{entry.File} is no case", nameof(entry));
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        return new GoldenCase(entry.Name, document.RootElement.Clone(), Path.GetDirectoryName(path)!);
    }

    public bool Has(string setting) => _root.GetProperty("config").TryGetProperty(setting, out _);
    public string Text(string setting) => Setting(setting).GetString()!;
    public int Int(string setting, int otherwise) => Has(setting) ? Setting(setting).GetInt32() : otherwise;
    public double Number(string setting, double otherwise) => Has(setting) ? Setting(setting).GetDouble() : otherwise;
    public bool Flag(string setting) => Has(setting) && Setting(setting).GetBoolean();
    public JsonElement Setting(string setting) => _root.GetProperty("config").GetProperty(setting);

    public int[]? Lengths => Has("lengths") ? [.. Setting("lengths").EnumerateArray().Select(l => l.GetInt32())] : null;

    /// <summary>Relative and absolute tolerance of <c>outputs</c>, <c>grads</c> or <c>expected</c>; a missing one counts as 0.</summary>
    public (double Relative, double Absolute) Tolerance(string of)
    {
        if (!ToleranceElement.TryGetProperty(of, out var element)) return (0, 0);
        double Read(string key) => element.TryGetProperty(key, out var value) ? value.GetDouble() : 0;
        return (Read("rtol"), Read("atol"));
    }

    private static Dictionary<string, GoldenTensor> Tensors(JsonElement root, string group) =>
        root.TryGetProperty(group, out var element) ? element.EnumerateObject().ToDictionary(p => p.Name, p => GoldenTensor.Parse(p.Value)) : [];
}
