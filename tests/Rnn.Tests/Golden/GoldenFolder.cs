using System.Text.Json;

namespace Rnn.Tests.Golden;

/// <summary>The reference figures: the copy beside the tests, or the folder that the environment's RNN_GOLDEN names.</summary>
internal static class GoldenFolder
{
    /// <summary>A line of manifest.json.</summary>
    internal sealed record Entry(string File, string? Case, string Kind, long Bytes, string Sha256)
    {
        /// <summary>Figures of weights without inputs are files of their own and have no case name.</summary>
        public string Name => Case ?? File;
    }

    public static string Path { get; } = Environment.GetEnvironmentVariable("RNN_GOLDEN") is { Length: > 0 } folder
        ? folder
        : System.IO.Path.Combine(AppContext.BaseDirectory, "Golden", "data");

    private static readonly JsonSerializerOptions s_snakeCase = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static IReadOnlyList<Entry> Entries { get; } = ReadManifest();

    /// <summary>The entries that are something to run: gradients in a file beside their case are read with it.</summary>
    public static IReadOnlyList<Entry> Cases { get; } = [.. Entries.Where(e => !e.File.EndsWith(".grads.json", StringComparison.Ordinal))];

    public static Entry Named(string name) => Cases.Single(e => e.Name == name);

    public static string FileOf(string relative) => System.IO.Path.Combine(Path, relative);

    private static Entry[] ReadManifest()
    {
        using var manifest = JsonDocument.Parse(File.ReadAllBytes(FileOf("manifest.json")));
        return manifest.RootElement.GetProperty("files").Deserialize<Entry[]>(s_snakeCase)!;
    }
}
