namespace RnnService.Storage;

/// <summary>A name that points at one version of a model, for example <c>production</c>.</summary>
internal sealed class ModelAliasRow
{
    /// <summary>Name of the model.</summary>
    public required string Model { get; set; }

    /// <summary>Unique within the model.</summary>
    public required string Alias { get; set; }

    /// <summary>The version it points at.</summary>
    public int Version { get; set; }
}
