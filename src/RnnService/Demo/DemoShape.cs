namespace RnnService.Demo;

/// <summary>A shape of network, and what the demo trains for it.</summary>
/// <param name="Model">Name of its model.</param>
/// <param name="Task">What it is trained for.</param>
/// <param name="Title">The shape, and what it does here.</param>
/// <param name="Explanation">What is to be seen.</param>
/// <param name="Train">What it learns from.</param>
/// <param name="Test">What it is measured on.</param>
/// <param name="Choices">The parts of the training job that are not left to their defaults.</param>
internal sealed record DemoShape(string Model, string Task, string Title, string Explanation, DemoDataset Train, DemoDataset Test, object Choices);

/// <summary>A dataset that the demo makes.</summary>
/// <param name="Name">Its name.</param>
/// <param name="File">The name of its file.</param>
/// <param name="Content">Makes the file.</param>
internal sealed record DemoDataset(string Name, string File, Func<byte[]> Content);
