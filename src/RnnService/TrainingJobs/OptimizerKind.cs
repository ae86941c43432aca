namespace RnnService.TrainingJobs;

/// <summary>How gradients become updates.</summary>
internal enum OptimizerKind
{
    /// <summary>Kingma and Ba 2015, with decoupled weight decay (Loshchilov and Hutter 2019).</summary>
    Adam,
}
