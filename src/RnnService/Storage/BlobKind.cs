namespace RnnService.Storage;

/// <summary>What a blob holds.</summary>
internal enum BlobKind
{
    /// <summary>The uploaded bytes of a dataset.</summary>
    Dataset,

    /// <summary>The published weights of a model version.</summary>
    Weights,

    /// <summary>Everything the next training step depends on.</summary>
    Checkpoint,
}
